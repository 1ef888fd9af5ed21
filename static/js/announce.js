// Moves what a fragment wants said into the page's one status region, so that screen readers hear it once.
document.addEventListener("htmx:afterSwap", () => {
  const status = document.getElementById("status");
  const said = document.querySelector("[data-announce]");
  if (status && said && said.dataset.announce && status.textContent !== said.dataset.announce) {
    status.textContent = said.dataset.announce;
  }
});
