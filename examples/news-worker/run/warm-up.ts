// `npm run warm-up -- https://news.example.com`: requests the pages that most readers request. Run
// it after a deployment with a new `namespace` or with an empty database, so that the first readers
// get stored pages. It warms Redis, and only the colo that receives the requests.

const atOnce = 5;

async function main(): Promise<void> {
  const [site] = process.argv.slice(2);
  if (site === undefined || !URL.canParse(site)) {
    throw new Error(
      "No page was warmed up. The address of the site is missing, or is not a URL. " +
        "Write it: npm run warm-up -- https://news.example.com",
    );
  }
  const newest = (await (await fetch(new URL("/api/feed/20", site))).json()) as { slug: string }[];
  const paths = ["/", "/site.css", "/breaking", ...newest.map(({ slug }) => `/news/${slug}`)];
  const outcomes = { stored: 0, "there already": 0, failed: 0 };
  for (let at = 0; at < paths.length; at += atOnce) {
    const asked = paths.slice(at, at + atOnce).map((path) => outcomeOf(new URL(path, site)));
    for (const outcome of await Promise.all(asked)) outcomes[outcome] += 1;
  }
  const told = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  process.stdout.write(`${paths.length} pages: ${told.join(", ")}\n`);
  if (outcomes.failed > 0) process.exitCode = 1;
}

async function outcomeOf(url: URL): Promise<"stored" | "there already" | "failed"> {
  const answer = await fetch(url);
  await answer.arrayBuffer();
  const said = answer.headers.get("cache-status") ?? "";
  if (said.includes("; hit")) return "there already";
  return answer.ok && said.includes("; stored") ? "stored" : "failed";
}

try {
  await main();
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
