// Leaving a form with changes asks once; saving it or pressing Cancel does not.
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  let changed = "changed" in form.dataset;
  const ask = (event) => { if (changed) event.preventDefault(); };
  form.addEventListener("input", (event) => { changed ||= !event.target.closest("[data-aside]"); });
  for (const name of ["submit", "click"]) {
    form.addEventListener(name, (event) => { if (name === "submit" || event.target.closest("[data-leave]")) changed = false; });
  }
  window.addEventListener("beforeunload", ask);
}
