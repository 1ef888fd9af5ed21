// Proposes the zone of this device, where the list has it and nobody has chosen yet.
const zones = document.querySelector("select[data-zone]");
const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zones && !document.querySelector("[aria-invalid]") && [...zones.options].some((one) => one.value === mine)) zones.value = mine;
