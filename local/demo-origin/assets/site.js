// Puts the breaking line into the page. Without this script the strip is a link to it.
const strip = document.querySelector("[data-breaking]");

async function showBreakingLine() {
  const response = await fetch("/breaking");
  if (response.ok) strip.innerHTML = await response.text();
}

// Out of reach, the strip stays the link it was.
if (strip) showBreakingLine().catch(() => {});

// On the editor's desk, keeps the list of purges as it is now. Without this script, load it again.
const purges = document.querySelector("[data-purges]");

async function showPurges() {
  const response = await fetch("/editor/purges", { redirect: "error" });
  if (response.ok) purges.innerHTML = await response.text();
}

if (purges) {
  setInterval(() => {
    if (!document.hidden) showPurges().catch(() => {});
  }, 1000);
}
