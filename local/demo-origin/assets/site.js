// Puts the breaking line into the page. Without this script, the strip is a link to that line.
const strip = document.querySelector("[data-breaking]");

async function showBreakingLine() {
  const response = await fetch("/breaking");
  if (response.ok) strip.innerHTML = await response.text();
}

// If the request fails, the strip remains a link.
if (strip) showBreakingLine().catch(() => {});
