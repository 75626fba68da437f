// Checks that each option has a heading in docs/configuration.md or docs/routes.md, and with it an
// anchor, and an example. Each option of a route also has a docstring with an example. Both must state the default
// that holds.
// Needs parts: esi, query, slices.
import { slices } from "../../src/parts/slices/slices.ts";
import { query } from "../../src/parts/query/query.ts";
import { operate } from "../../src/parts/operate/operate.ts";
import { esi } from "../../src/parts/esi/esi.ts";
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { resolvedRoute, type Route } from "../../src/config/route.ts";
import { routeInput } from "../../src/config/route-options.ts";
import { configInput } from "../../src/config/schema.ts";
import { device } from "../../src/device.ts";

/** The parts of a schema of Valibot that this test reads. */
interface Form {
  readonly type: string;
  /** The members of an object. */
  readonly entries?: Readonly<Record<string, Form>>;
  /** The schema of an optional or nullable value. */
  readonly wrapped?: Form;
  /** The members of a union. */
  readonly options?: readonly Form[];
  /** The schemas and checks of a pipe. */
  readonly pipe?: readonly Form[];
}

/** @returns paths such as `query.allow` */
function optionsIn(form: Form, path: readonly string[] = []): string[] {
  const { type, entries, wrapped, options = [], pipe = [] } = form;
  if (type === "optional" && wrapped) return optionsIn(wrapped, path);
  if (entries)
    return Object.entries(entries).flatMap(([name, one]) => optionsIn(one, [...path, name]));
  const objects = [...options, pipe.at(-1)?.wrapped].filter((one) => one?.entries !== undefined);
  return [path.join("."), ...objects.flatMap((one) => (one ? optionsIn(one, path) : []))];
}

/** A section about one option, or about several that a route has as well. */
interface Section {
  readonly names: readonly string[];
  readonly example: string;
  readonly stated: string;
}

/** Matches the heading, the line with the example and the default, and the text. */
const section =
  /^### (.+)\n\n(?:`` (.+) ``|`([^`]+)`)\. (?:Default: (.+?)|Required)\.(?: |\n\n)((?:(?!^##)[^])*)/gm;

/** @returns the sections of the options in a chapter of a page, or in several until the heading `end` */
function sectionsOf(page: string, heading: string, end = "## "): Section[] {
  const [, rest = ""] = readFileSync(`docs/${page}.md`, "utf8").split(`\n${heading}\n`);
  const [chapter = ""] = rest.split(`\n${end}`);
  return [...chapter.matchAll(section)].map(
    ([, title = "", inTwo, inOne, stated = "required", text = ""]) => {
      const from = title.startsWith("`") ? title : text;
      const names = [...from.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name);
      return { names, example: inTwo ?? inOne ?? "", stated };
    },
  );
}

/** A section may be about an object as a whole, such as `credentialFields`. */
const covers = (name: string, option: string) => option === name || option.startsWith(`${name}.`);

const chapters = {
  general: {
    sections: sectionsOf("configuration", "## General"),
    // Routes have a chapter of their own.
    options: optionsIn(configInput as unknown as Form).filter((option) => option !== "routes"),
  },
  route: {
    sections: sectionsOf("routes", "## Which requests", "## Rules on answers"),
    options: optionsIn(routeInput as unknown as Form),
  },
};

it.each(Object.entries(chapters))(
  "documents each existing option once, and no other: %s",
  (_, { sections, options }) => {
    const names = sections.flatMap((one) => one.names);
    expect(sections.length).toBeGreaterThan(25);
    expect(options.filter((option) => !names.some((name) => covers(name, option)))).toEqual([]);
    expect(names.filter((name) => !options.some((option) => covers(name, option)))).toEqual([]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  },
);

/** @returns the value of a literal such as `"5m"`, `0` or `4 MiB`; `undefined` for words */
function literal(stated: string): unknown {
  const [, mebibytes] = /^(\d+) MiB$/.exec(stated) ?? [];
  if (mebibytes !== undefined) return Number(mebibytes) * 1_048_576;
  try {
    return JSON.parse(stated);
  } catch {
    return undefined;
  }
}

const literalInCell = (cell: string) => literal(/^`([^`]+)`$/.exec(cell)?.[1] ?? cell);

type Values = Readonly<Record<string, unknown>>;

/** @returns nested objects, such as `{ query: { allow: ["page"] } }` for `query.allow` */
function written(option: string, value: unknown): Values {
  const names = option.split(".");
  return names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Values;
}

/** A resolved route in a form that can be compared. */
function comparable({ tags, credentials, ...plain }: Route) {
  const asked = ["x-tenant", "x-csrf-token", "x-api-key", "accept"];
  return {
    ...plain,
    tags: tags({ slug: "1" }),
    credentials: asked.map((name) => credentials.entryFor(name)),
  };
}

const parts = {
  device,
  // The real one has JSX, which Node does not run.
  dashboard: () => ({ kind: "site", name: "dashboard", contents: {} }),
  esi,
  operate,
  query,
  slices,
};
const valueOf = (example: string): Values =>
  runInThisContext(`({ ${Object.keys(parts).join(", ")} }) => ({ ${example} })`)(parts);

describe("a documented example has the name of its option, and is accepted", () => {
  it.each(chapters.general.sections)("$example", ({ names, example }) => {
    const value = valueOf(example);
    expect(() => defineConfig(value)).not.toThrow();
    for (const name of names) expect(value).toHaveProperty(name);
  });

  it.each(chapters.route.sections)("$example", ({ names, example }) => {
    const value = valueOf(example);
    const needed = {
      name: "a",
      match: example.includes("from:") ? "/blog/*" : "/:slug",
      fresh: "1m",
      browser: "1m",
      bypass: "when" in value,
    };
    const origins = { bucket: { url: "https://bucket.example" } };
    const routes = [{ ...needed, ...value }];
    expect(() => defineConfig({ origins, routes } as Values)).not.toThrow();
    expect(value).toHaveProperty(names[0] ?? "");
  });
});

describe("a general option", () => {
  const resolved = (values: Values) => {
    const { anywhere, ...config } = defineConfig(values);
    return { ...config, anywhere: comparable(anywhere) };
  };
  const literals = chapters.general.sections.flatMap(({ names, stated }) => {
    const value = literalInCell(stated);
    return value === undefined ? [] : names.map((name) => ({ name, value }));
  });

  it.each(literals)("has the documented default: $name is $value", ({ name, value }) => {
    expect(resolved(written(name, value))).toEqual(resolved({}));
  });

  it("has a single value as its default, with few exceptions", () => {
    expect(chapters.general.sections.length - literals.length).toBeLessThan(17);
  });
});

const optionText = ["route", "origin", "purge"]
  .map((name) => readFileSync(`src/config/written-${name}.ts`, "utf8"))
  .join("\n");

/** Docstrings of the route's options by the path of the option. */
const docstrings = new Map(
  [...optionText.matchAll(/^export interface Written(\w+)(?:<[^>]*>)? \{(.*?)^\}/gms)].flatMap(
    ([, of = "", body = ""]) => {
      const part = of.replace(/^Route/, "").replace(/^./, (first) => first.toLowerCase());
      const fields = body.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s*readonly (\w+)\??: /gs);
      return [...fields].map(
        ([, text = "", name = ""]) => [part === "" ? name : `${part}.${name}`, text] as const,
      );
    },
  ),
);

/** Requests and answers share the interface of changes of fields. */
const docstringOf = (option: string) =>
  docstrings.get(option.replace(/^(?:request|response)\.headers\./, "edits."));

/** @returns the value of the first `@example` of a docstring */
function exampleOf(option: string): unknown {
  const [, code = ""] = /@example \w+: (.*?)\s*(?:\n|$)/.exec(docstringOf(option) ?? "") ?? [];
  return runInThisContext(`({ device, slices }) => (${code})`)({ device, slices });
}

/** Defaults of the page that are words instead of a value. */
const inWords = /^(?:none|all|the (?:client|origin|site)'s|`ORIGIN_URL`|depends on the response$)/;

const { sections, options } = chapters.route;
const optional = options.filter((option) => option !== "name" && option !== "match");

describe.each(optional)("the route option %s", (option) => {
  const resolved = (route: Values, general: Values = {}) =>
    comparable(resolvedRoute({ name: "a", match: "/:slug", ...route }, general));
  const own = sections.find(({ names }) => names.includes(option));
  const above = sections.find(({ names }) => names.some((name) => covers(name, option)));
  const stated = (own ?? above)?.stated ?? "";

  it("has an example that changes the route", () => {
    expect(resolved(written(option, exampleOf(option)))).not.toEqual(resolved({}));
  });

  it("has the documented default", () => {
    const text = (docstringOf(option) ?? "").replaceAll(/\s*\*\s+/g, " ");
    const [, inDocstring = ""] = /Default: `?([^`,;]+?)`?(?:[.;]|,(?! or))/.exec(text) ?? [];
    const values = [literalInCell(stated), literal(inDocstring)];
    const known = values.filter((value) => value !== undefined);
    const ways = known.map((value) => resolved(written(option, value)));
    expect(ways).toEqual(known.map(() => resolved({})));
    const example = written(option, exampleOf(option));
    const isGeneral = /^the general option$/.test(stated);
    expect(resolved({}, isGeneral ? example : {})).toEqual(resolved(isGeneral ? example : {}));
    expect(known.length > 0 || isGeneral || inWords.test(stated)).toBe(true);
  });
});
