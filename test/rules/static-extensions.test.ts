// Checks that the list of static extensions is that of the installed `mime-db`. With `-u`, vitest
// writes the list.
import { createRequire } from "node:module";
import { expect, it } from "vitest";

const required = createRequire(import.meta.url);
const mimeDb = required("mime-db") as Readonly<Record<string, { extensions?: readonly string[] }>>;

/** Text that origins also generate, and whose sources some sites show as pages. */
const textual =
  /^text\/|[/+.-](?:h?json5?|xml|html|dtd|rnc|ya?ml|toml|php|perl|c?sh|tcl|sql|(?:java|ecma)script|lua|node|dart)$/;
/** Types of single products, except those of common documents and archives. */
const rare =
  /^application\/vnd\.(?!adobe|android|apple|debian|ms-|oasis|openxmlformats|palm|rar|rn-|sun\.xml|visio)/;
/** Extensions that pages have: names of domains, and TypeScript. */
const excepted = new Set(["com", "ts"]);

type Family = "downloads" | "fonts" | "images" | "media";

/** Returns the family of an extension; `undefined` if it is not static. */
function familyOf(extension: string, types: readonly string[]): Family | undefined {
  if (excepted.has(extension) || /^\d+$/.test(extension)) return undefined;
  const kinds = new Set(types.map((type) => type.replace(/\/.*/, "")));
  const isOnly = (...names: string[]) => [...kinds].every((kind) => names.includes(kind));
  if (isOnly("image", "video")) return kinds.has("image") ? "images" : "media";
  if (types.some((type) => textual.test(type))) return undefined;
  if (kinds.has("audio") || kinds.has("video")) return "media";
  if (isOnly("font")) return "fonts";
  const isDownload = isOnly("application", "image", "message", "model");
  return isDownload && !types.every((type) => rare.test(type)) ? "downloads" : undefined;
}

/** Returns the words in lines of at most 96 characters. */
function lines(words: readonly string[]): string {
  const text = words.toSorted().join(" ");
  return text.replaceAll(/(.{1,96})(?: |$)/g, "  $1\n");
}

function generated(): string {
  const types = new Map<string, string[]>();
  for (const [type, { extensions = [] }] of Object.entries(mimeDb)) {
    for (const extension of extensions) {
      types.set(extension, [...(types.get(extension) ?? []), type]);
    }
  }
  const families = Map.groupBy(types.keys(), (one) => familyOf(one, types.get(one) ?? []));
  const list = (family: Family) =>
    `export const ${family} = \`\n${lines(families.get(family) ?? [])}\`;\n`;
  return `// Static extensions by family, from the package \`mime-db\`. The test of this file compares the
// list with that of the package, and writes it if vitest runs with \`-u\`.

/** Also documents, archives and models. */
${list("downloads")}
${list("fonts")}
${list("images")}
/** Audio and video. */
${list("media")}`;
}

it("is what mime-db knows", async () => {
  await expect(generated()).toMatchFileSnapshot("../../src/rules/static-extensions.ts");
});
