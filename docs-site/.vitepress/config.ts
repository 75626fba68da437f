// Configures VitePress: pages, addresses and sidebar come from the table of contents.
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { defineConfig, type Plugin } from "vitepress";
import { addressOf, anchorOf, contentsPath, groupsOf, homePath, type Page } from "../contents.ts";
import { openApi } from "../reference/openapi.ts";
import { llmsText, withLinks } from "../plain-text.ts";

const root = join(import.meta.dirname, "../..");
const groups = groupsOf(readFileSync(join(root, contentsPath), "utf8"));
/** The build writes this file, so the repository does not have it. */
const api: Page = {
  title: "OpenAPI",
  path: "openapi.json",
  summary: "the operator's routes for programs.",
};
const site = "Tidemark";
const description = "An HTTP cache for Cloudflare Workers that never answers with what was purged.";
const pages = new Map(
  groups.flatMap((group) => group.pages.map((page) => [page.path, page] as const)),
);
const published = [homePath, contentsPath, ...pages.keys()];
/** Files of the repository that are not pages, but that pages link to. */
const linkedFiles = new Set<string>();

const linkTo = ({ title, path }: Page) => ({ text: title, link: `/${addressOf(path)}` });

/** Returns the sidebar. The decisions are a closed part of the internals. */
function sidebar() {
  const [learn, guides, reference, internals, decisions] = groups.map(
    ({ heading, pages: listed }) => ({
      text: heading,
      collapsed: heading === "Decisions",
      items: listed.map(linkTo),
    }),
  );
  internals.items.push(decisions);
  return [
    linkTo({ title: "Contents", path: contentsPath, summary: "" }),
    learn,
    guides,
    reference,
    internals,
  ];
}

/**
 * Returns where a link of the repository leads on the site: to a page, or to a copy of a file.
 *
 * @param extension of a page: `html` or `md`
 */
function onSite(link: string, source: string, extension: string): string {
  const [path = "", anchor] = link.split("#");
  if (path === "" || /^[a-z]+:/.test(link)) return link;
  const target = posix.join(posix.dirname(source), decodeURI(path));
  if (published.includes(target)) {
    return `/${addressOf(target)}.${extension}${anchor === undefined ? "" : `#${anchor}`}`;
  }
  if (!existsSync(join(root, target)) || statSync(join(root, target)).isDirectory()) {
    throw new Error(`${source} links to ${link}, which is neither a page nor a file.`);
  }
  linkedFiles.add(target);
  return `/${copyOf(target)}`;
}

/** Returns the path of a file's copy. Except images, copies are texts, so that browsers show them. */
const copyOf = (path: string) => `files/${path}${/\.(?:png|svg)$/.test(path) ? "" : ".txt"}`;

/** Returns a page as Markdown, with links relative to its address. */
function asMarkdown(path: string): string {
  const from = posix.dirname(`/${addressOf(path)}`);
  return withLinks(readFileSync(join(root, path), "utf8"), (link) => {
    const target = onSite(link, path, "md");
    return target.startsWith("/") ? posix.relative(from, target) : target;
  });
}

/** Lets Node find Vue when the build renders pages: they are outside of the folder that has the package. */
const vueFromNode: Plugin = {
  name: "vue-from-node",
  enforce: "pre",
  resolveId: (id, _importer, { ssr }) =>
    ssr && /^vue(\/|$)/.test(id) ? { id, external: true } : undefined,
};

/** Serves the linked files with `--serve`. The build copies them. */
const servedFiles: Plugin = {
  name: "served-files",
  configResolved({ optimizeDeps }) {
    // VitePress lists packages for a step that looks for them beside the pages, and warns. The step is optional.
    optimizeDeps.include = [];
  },
  configureServer({ middlewares }) {
    middlewares.use("/files", ({ url = "" }, response, next) => {
      const path = url.slice(1).replace(/\.txt$/, "");
      if (!linkedFiles.has(path)) return next();
      return response
        .setHeader("Content-Type", "text/plain; charset=utf-8")
        .end(readFileSync(join(root, path)));
    });
  },
};

export default defineConfig({
  lang: "en",
  title: site,
  description,
  head: [["link", { rel: "icon", href: "data:," }]],
  srcDir: root,
  outDir: "dist",
  cacheDir: "node_modules/.vitepress",
  srcExclude: globSync("**/*.md", { cwd: root, exclude: ["**/node_modules/**"] }).filter(
    (path) => !published.includes(path),
  ),
  rewrites: Object.fromEntries(published.map((path) => [path, `${addressOf(path)}.md`])),
  transformPageData: ({ filePath, title }) => ({
    description:
      filePath === homePath
        ? description
        : `${title}: ${pages.get(filePath)?.summary ?? "the table of contents."}`,
  }),
  markdown: {
    languageAlias: { vcl: "c", groq: "graphql", crontab: "shell" },
    anchor: { slugify: anchorOf },
    config(md) {
      // Indented code then scrolls like fenced code.
      md.renderer.rules.code_block = md.renderer.rules.fence;
      md.core.ruler.push("links-on-site", ({ tokens, env }) => {
        const source = relative(root, env.realPath ?? env.path);
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const link = token.type === "link_open" ? token.attrGet("href") : null;
          if (link !== null) token.attrSet("href", onSite(link, source, "html"));
        }
      });
    },
  },
  vite: { plugins: [vueFromNode, servedFiles], build: { chunkSizeWarningLimit: 8192 } },
  themeConfig: {
    sidebar: sidebar(),
    outline: [2, 3],
    search: {
      provider: "local",
      options: {
        // Most visitors look for how to use Tidemark. The sidebar and links lead to the pages left out.
        _render: (text, env, md) =>
          /\badr\/|-protocol/.test(env.relativePath) ? "" : md.render(text, env),
      },
    },
  },
  buildEnd({ outDir }) {
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(outDir, path)), { recursive: true });
      writeFileSync(join(outDir, path), text);
    };
    for (const path of published) write(`${addressOf(path)}.md`, asMarkdown(path));
    write("llms.txt", llmsText({ title: site, summary: description, groups, more: [api] }));
    write(api.path, `${JSON.stringify(openApi(), null, 2)}\n`);
    for (const path of linkedFiles) {
      const copy = join(outDir, copyOf(path));
      mkdirSync(dirname(copy), { recursive: true });
      copyFileSync(join(root, path), copy);
    }
  },
});
