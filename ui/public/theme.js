// Runs before the first paint, so that nobody who chose the dark theme sees a white flash. A file of
// its own: the page's security policy allows no inline script.
(function () {
  var wanted = null;
  try {
    wanted = localStorage.getItem('dolmen.theme');
  } catch {
    // Storage may be forbidden; the system's theme is then as good a guess as any.
  }
  var dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
