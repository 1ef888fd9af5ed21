// Enter in a search of items takes the best that was found and leads to it; it never sends the form.
const take = (search) => {
  const list = document.getElementById(search.dataset.picks);
  const best = [...list.options].find((one) => one.value && !("kept" in one.dataset));
  if (!best) return;
  list.value = best.value;
  list.focus();
  for (const name of ["input", "change"]) list.dispatchEvent(new Event(name, { bubbles: true }));
};
document.addEventListener("keydown", (event) => {
  const search = event.target.closest("[data-picks]");
  if (!search || event.key !== "Enter") return;
  event.preventDefault();
  if (!search.value.trim()) return;
  search.dataset.takes = "";
  htmx.trigger(search, "find");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const search = event.detail.elt;
  if (!("takes" in search.dataset)) return;
  delete search.dataset.takes;
  if (event.detail.successful) take(search);
});
