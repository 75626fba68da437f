// Puts the breaking line into the page. Without this script the strip is a link to it.
const strip = document.querySelector("[data-breaking]");

async function showBreakingLine() {
  const response = await fetch("/breaking");
  if (response.ok) strip.innerHTML = await response.text();
}

// Out of reach, the strip stays the link it was.
if (strip) showBreakingLine().catch(() => {});
