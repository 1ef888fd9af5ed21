// Ticks of a list: the head ticks the page and shows "some" as a dash; the bar is there while something is ticked.
const form = () => document.querySelector("[data-bulk]");
const arrange = () => {
  if (!form()) return;
  const boxes = [...form().querySelectorAll("[name=id]")], head = form().querySelector("[data-all]");
  const ticked = boxes.filter((box) => box.checked).length, all = form().querySelector("[name=all]");
  head.hidden = false;
  head.checked = ticked > 0 && ticked === boxes.length;
  head.indeterminate = ticked > 0 && !head.checked;
  form().querySelector("[type=reset]").hidden = false;
  form().querySelector("#bulk").hidden = !ticked && !all.checked;
};
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) for (const box of form().querySelectorAll("[name=id]")) box.checked = event.target.checked;
  arrange();
}, true);
document.addEventListener("reset", () => setTimeout(() => { form().querySelector("[name=all]").checked = false; arrange(); }));
document.addEventListener("htmx:afterSettle", arrange);
arrange();
