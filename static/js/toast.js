// A toast leaves after ten seconds, unless it is pointed at or holds the focus.
for (const toast of document.querySelectorAll("[data-toast]")) {
  let timer;
  const start = () => { timer = setTimeout(() => toast.remove(), 10000); };
  const stop = () => clearTimeout(timer);
  for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, stop);
  for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, start);
  start();
}
