// The appearance that was chosen on the player's page, before anything is drawn.
try {
  const theme = localStorage.getItem("muster.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // no storage: as the system has it
}
