// Builds the documentation site with `npm run docs`, and checks its files, and its search in
// Chromium.
/// <reference lib="dom" />
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, posix } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addressOf, anchorOf, contentsPath, groupsOf, homePath } from "../../docs-site/contents.ts";
import { openApi } from "../../docs-site/reference/openapi.ts";
import { findings } from "../../packages/cli/src/texts/findings.ts";
import { passes, refusals, verdicts } from "../../packages/cli/src/texts/reasons.ts";
import { makeProgram } from "../../packages/cli/src/program.ts";
import { chromiumPath } from "../../testing/chromium.ts";
import { type Listening, listening } from "../../testing/listening.ts";

const dist = "docs-site/dist";
/** Pages of the table of contents. */
const listed = groupsOf(readFileSync(contentsPath, "utf8")).flatMap((group) => group.pages);
/** The text of each built page, by its path on the site. */
const built = new Map<string, string>();

beforeAll(async () => {
  await promisify(execFile)("npm", ["run", "docs"]);
  for (const path of globSync("**/*.html", { cwd: dist })) {
    if (path !== "404.html") built.set(`/${path}`, readFileSync(join(dist, path), "utf8"));
  }
});

describe("the built site", () => {
  it("has each page of the table of contents, and the table", () => {
    const further = [homePath, contentsPath];
    const paths = [...listed.map(({ path }) => path), ...further];
    const addresses = paths.map((path) => `/${addressOf(path)}.html`);
    expect([...built.keys()].sort()).toEqual(addresses.sort());
  });

  it("gives each page a title and a description of its own, and content", () => {
    const heads = [...built.values()].map(
      (html) => /<title>.+<\/title>\s*<meta name="description" content=".{10,}">/.exec(html)?.[0],
    );
    expect(heads).not.toContain(undefined);
    expect(new Set(heads).size).toBe(built.size);
    expect([...built].filter(([, html]) => !/<h1 id="[^]*<\/p>/.test(html))).toEqual([]);
  });

  it("has no broken link, image or anchor", () => {
    expect([...built].flatMap(([path, html]) => brokenIn(path, html))).toEqual([]);
  });

  it("loads nothing from another host", () => {
    const loading = /<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="(?:https?:)?\/\/[^"]*"/g;
    expect([...built.values()].flatMap((html) => html.match(loading) ?? [])).toEqual([]);
    const styles = globSync(`${dist}/**/*.css`).map((path) => readFileSync(path, "utf8"));
    expect(styles.length).toBeGreaterThan(0);
    expect(styles.flatMap((text) => text.match(/(?:url\(|@import ?)["']?https?:/g))).toEqual(
      styles.map(() => null),
    );
  });

  it("has the sentence of each code", () => {
    const page = built.get("/reference/codes.html") ?? "";
    const codes = [verdicts, passes, refusals, findings].flatMap((texts) => Object.keys(texts));
    expect(codes.filter((code) => !page.includes(`<code>${code}</code>`))).toEqual([]);
  });

  it("has the help of each command", () => {
    const help = built.get("/reference/command-help.html") ?? "";
    const names = makeProgram(() => async () => undefined).commands.map((one) => one.name());
    const visible = names.filter((name) => name !== "complete");
    expect(visible.filter((name) => !help.includes(`id="tidemark-${name}"`))).toEqual([]);
    expect(help).toContain("only mark responses stale");
  });
});

/** Returns the links of Markdown, without those in code. */
const linksIn = (markdown: string) =>
  [...markdown.replaceAll(/^ *```.*?^ *```$|`[^`\n]*`/gms, "").matchAll(/\]\(([^)\s]+)\)/g)].map(
    ([, link = ""]) => link,
  );

describe("the files for programs", () => {
  const textAt = (path: string) => readFileSync(join(dist, path), "utf8");

  it("have each page as Markdown, whose links lead to other files and their headings", () => {
    const paths = [...built.keys()].map((path) => path.replace(/^\/(.*)\.html$/, "$1.md"));
    const headingsOf = (path: string) =>
      [...textAt(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
        anchorOf(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")),
      );
    const broken = paths.flatMap((path) =>
      linksIn(textAt(path))
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => {
          const [file = "", anchor = ""] = link.split("#");
          const target = file === "" ? path : posix.join(posix.dirname(path), file);
          if (!existsSync(join(dist, target))) return true;
          return anchor !== "" && target.endsWith(".md") && !headingsOf(target).includes(anchor);
        })
        .map((link) => `${path}: ${link}`),
    );
    expect(broken).toEqual([]);
    expect(linksIn(textAt("examples/next.md")).length).toBeGreaterThan(0);
  });

  it("have llms.txt in its form, with each page once", () => {
    const [title, , summary, , ...lines] = textAt("llms.txt").trimEnd().split("\n");
    expect([title, summary]).toEqual(["# Tidemark", expect.stringMatching(/^> .+\.$/)]);
    const headings = lines.filter((line) => line.startsWith("## "));
    expect(headings).toEqual(["## Learn", "## Guides", "## Reference", "## Optional"]);
    const others = lines.filter((line) => !/^(?:## .+|- \[[^\]]+\]\(\S+\)(?:: .+)?|)$/.test(line));
    expect(others).toEqual([]);
    const own = listed.map(({ path }) => `${addressOf(path)}.md`);
    const links = linksIn(lines.join("\n"));
    expect(links.toSorted()).toEqual([...own, "openapi.json"].sort());
    expect(links.filter((link) => !existsSync(join(dist, link)))).toEqual([]);
  });

  it("have the OpenAPI document", () => {
    expect(JSON.parse(textAt("openapi.json"))).toEqual(JSON.parse(JSON.stringify(openApi())));
  });
});

/** Returns the links and images of a page whose file, or whose anchor in it, does not exist. */
function brokenIn(page: string, html: string): string[] {
  const links = [...html.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, link = ""]) => link);
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", anchor = ""] = decodeURI(link).split("#");
    const target = path === "" ? page : posix.resolve(posix.dirname(page), path);
    const file = target === "/" ? "/index.html" : target;
    if (!existsSync(join(dist, file))) return true;
    return anchor !== "" && !(built.get(file) ?? "").includes(` id="${anchor}"`);
  });
  return broken.map((link) => `${page}: ${link}`);
}

describe.runIf(chromiumPath !== undefined)("the built site in Chromium", () => {
  let site: Listening;
  let browser: Browser;
  let page: Page;
  let origin: string;
  const elsewhere: string[] = [];
  const faults: string[] = [];

  beforeAll(async () => {
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://site");
      const file = join(dist, pathname === "/" ? "index.html" : decodeURIComponent(pathname));
      if (!existsSync(file)) return response.writeHead(404).end();
      const type = contentTypes[posix.extname(file)] ?? "application/octet-stream";
      return response.writeHead(200, { "Content-Type": type }).end(readFileSync(file));
    });
    site = await listening(server);
    origin = site.url;
    browser = await chromium.launch({
      executablePath: chromiumPath ?? "",
      args: ["--no-sandbox"],
    });
    page = await browser.newPage({ viewport: { width: 1024, height: 800 } });
    page.setDefaultTimeout(0);
    page.on("pageerror", (error) => faults.push(String(error)));
    await page.route("**/*", async (route) => {
      const url = route.request().url();
      if (url.startsWith(`${origin}/`)) return route.continue();
      elsewhere.push(url);
      return route.abort();
    });
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
  });

  /** Opens the search of the start page. @returns the field for the words */
  async function openSearch() {
    await page.goto(`${origin}/`);
    const input = page.locator("#localsearch-input");
    // The page ignores keys until its script runs.
    const opened = async () => {
      await page.keyboard.press("Control+k");
      return input.count();
    };
    await expect.poll(opened, { timeout: 200_000 }).toBe(1);
    return input;
  }

  it.each([
    { term: "staleIfError", address: "/routes.html" },
    { term: "surrogate keys fastly", address: "/outward.html" },
    { term: "simulated history", address: "/internals/specification.html" },
  ])("finds by the keyboard: $term", async ({ term, address }) => {
    const input = await openSearch();
    await input.fill(term);
    await page.locator(`#localsearch-list a[href^="${address}"]`).first().waitFor();
    const chosen = async () => {
      await page.keyboard.press("Enter");
      return page.url();
    };
    await expect.poll(chosen, { timeout: 200_000 }).toMatch(/\.html/);
    expect([...built.keys()]).toContain(new URL(page.url()).pathname);
  });

  it("finds each recipe by a user's words, as one of the first three results", async () => {
    const headings = [...(built.get("/cookbook.html") ?? "").matchAll(/<h2 id="([^"]+)"/g)];
    expect(Object.keys(searches)).toEqual(headings.map(([, anchor]) => anchor));
    const input = await openSearch();
    for (const [anchor, words] of Object.entries(searches)) {
      await input.fill(words);
      const link = `#localsearch-list li:nth-child(-n+3) a[href="/cookbook.html#${anchor}"]`;
      await page.locator(link).waitFor({ timeout: 30_000 });
    }
  });

  it("finds no decision and no protocol", async () => {
    const [index = ""] = globSync(`${dist}/assets/chunks/*localSearchIndex*.js`);
    const text = readFileSync(index, "utf8");
    expect(text).toContain("/reference/route-options.html#fresh");
    expect(text).not.toMatch(/\/(?:adr\/|[\w-]*-protocol)[\w-]*\.html/);
  });

  it("needs no sideways scrolling at 320 px", async () => {
    // Scripts do not change the layout, and pages load faster without them.
    const narrow = await browser.newPage({
      viewport: { width: 320, height: 800 },
      javaScriptEnabled: false,
    });
    narrow.setDefaultTimeout(0);
    const wide: string[] = [];
    for (const path of [...built.keys()].filter((one) => !one.startsWith("/adr/"))) {
      await narrow.goto(origin + path);
      const width = await narrow.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) wide.push(`${path}: ${width} px`);
    }
    expect(wide).toEqual([]);
  });

  it("has sent no request to another host, and no page has thrown", () => {
    expect({ elsewhere, faults }).toEqual({ elsewhere: [], faults: [] });
  });
});

/** Words that a user may type, by the anchor of the recipe to be found. */
const searches: Readonly<Record<string, string>> = {
  "cache-per-country": "geolocation",
  "another-origin-for-some-countries": "another origin countries",
  "cache-mobile-and-desktop-separately": "mobile user agent",
  "never-cache-for-logged-in-users": "login",
  "ab-test-with-a-cookie": "ab test",
  graphql: "graphql post",
  "deploy-without-missing-files": "deploy missing files",
  "graphql-by-query": "graphql",
  "videos-maps-and-downloads": "video seek range",
  "magento-with-its-menu": "magento menu",
  "cache-for-one-year-and-purge-by-tag": "cache one year",
  "serve-stale-pages-while-the-origin-is-down": "origin down stale",
  "your-own-error-page": "error page",
  "an-application-below-a-path": "application below path",
  cors: "cors",
  "ban-by-pattern-wildcard-or-prefix": "ban wildcard",
  "warm-the-cache-after-a-deployment": "warm after deploy",
  "an-api-with-keys": "api key",
  "404-pages": "404",
  "do-not-store-error-pages-that-say-200": "error page 200",
  "preview-and-draft-mode": "draft preview",
  "two-sites-in-one-worker": "two sites",
  "a-page-that-changes-at-midnight": "expire at midnight",
};

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
