// Puts the breaking line into the page. Without this script, the strip is a link to that line.
const strip = document.querySelector("[data-breaking]");

async function showBreakingLine() {
  const response = await fetch("/breaking");
  if (response.ok) strip.innerHTML = await response.text();
}

// If the request fails, the strip remains a link.
if (strip) showBreakingLine().catch(() => {});

// Shows the tier and the age of this page. The browser still has the response, so this seldom sends a request.
async function showTier() {
  const { headers } = await fetch(location.href, { cache: "force-cache" });
  const [, ...parameters] = headers.get("Cache-Status")?.split(/; ?/) ?? [];
  if (parameters.length === 0) return;
  const valueOf = (name) => parameters.find((one) => one.startsWith(`${name}=`))?.split("=")[1];
  const [tier] = document.querySelectorAll("[data-tier]");
  const from = parameters.includes("hit")
    ? `from ${valueOf("detail") ?? "the cache"}, ${headers.get("Age") ?? 0} s old`
    : `from the origin: ${valueOf("detail") ?? valueOf("fwd")}`;
  tier.replaceChildren(`${from}, at ${location.host}. `, tier.querySelector("a"));
  tier.hidden = false;
}

showTier().catch(() => {});
