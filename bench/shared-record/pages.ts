// Pages as a site of articles sends them: this repository's own docs and sources as HTML, so that they
// compress as text that people wrote does, and not as a word repeated.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const escaped: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** @throws Error when the repository has not so much text */
export function htmlOf(bytes: number): Uint8Array<ArrayBuffer> {
  const html = new TextEncoder().encode(`<!doctype html>\n<main>\n${articles()}`);
  if (html.byteLength < bytes) throw new Error(`There are only ${html.byteLength} bytes of text.`);
  return html.slice(0, bytes);
}

function articles(): string {
  const files = [...filesIn("docs", ".md"), ...filesIn("src", ".ts"), ...filesIn("test", ".ts")];
  return files.map((path, nth) => article(path, nth)).join("\n");
}

function filesIn(folder: string, ending: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true }).map(String);
  const found = names.filter((name) => name.endsWith(ending)).toSorted();
  return found.map((name) => join(root, folder, name));
}

function article(path: string, nth: number): string {
  const paragraphs = readFileSync(path, "utf8")
    .replaceAll(/[&<>]/g, (letter) => escaped[letter] ?? letter)
    .split("\n\n")
    .map((text) => `  <p class="text">${text.trim()}</p>`);
  const link = `<a href="/articles/${nth}?page=1" rel="bookmark">Article ${nth}</a>`;
  return `<article id="a${nth}" class="card">\n  <h2>${link}</h2>\n${paragraphs.join("\n")}\n</article>`;
}
