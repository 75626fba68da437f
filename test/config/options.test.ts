// Checks that docs/reference/options.md and docs/reference/route-options.md describe each option, with an example
// that is accepted, and the default that holds. Both pages come from the docstrings.
// Needs parts: esi, query, slices.
import { slices } from "../../src/parts/slices/slices.ts";
import { query } from "../../src/parts/query/query.ts";
import { operate } from "../../src/parts/operate/operate.ts";
import { esi } from "../../src/parts/esi/esi.ts";
import { runInThisContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { resolvedRoute, type Route } from "../../src/config/route.ts";
import { routeInput } from "../../src/config/route-options.ts";
import { configInput } from "../../src/config/schema.ts";
import { device } from "../../src/device.ts";
import {
  type Option,
  optionsOf,
  wholeExample,
  withMembers,
} from "../../docs-site/reference/options.ts";

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

const generalOptions = optionsOf("WrittenConfig").flatMap(withMembers);
const routeOptions = optionsOf("WrittenRoute").flatMap(withMembers);
const schemaOf = (input: unknown) => optionsIn(input as Form);

const pages = {
  // Routes have a page of their own.
  general: {
    documented: generalOptions.filter(({ path }) => path !== "routes"),
    options: schemaOf(configInput).filter((option) => option !== "routes"),
  },
  route: { documented: routeOptions, options: schemaOf(routeInput) },
};

it.each(Object.entries(pages))(
  "documents each existing option once, and no other: %s",
  (_, { documented, options }) => {
    const paths = documented.map(({ path }) => path);
    const exists = (path: string) =>
      options.some((option) => option === path || option.startsWith(`${path}.`));
    expect(paths.length).toBeGreaterThan(35);
    // The text of a list of names explains `only`.
    expect(options.filter((one) => !paths.includes(one) && !one.endsWith(".only"))).toEqual([]);
    expect(paths.filter((path) => !exists(path))).toEqual([]);
    expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
    expect(documented.filter(({ text, examples }) => text === "" || examples.length === 0)).toEqual(
      [],
    );
  },
);

/** @returns the value with which a default begins, such as `"5m"`, `0` or `4 MiB`; `undefined` for words */
function literal({ fallback }: Option): unknown {
  const [, quoted, plain = ""] = /^(?:`([^`]+)`|([^,;]+))/.exec(fallback) ?? [];
  const [, mebibytes] = /^(\d+) MiB$/.exec(plain) ?? [];
  if (mebibytes !== undefined) return Number(mebibytes) * 1_048_576;
  try {
    return JSON.parse(quoted ?? plain);
  } catch {
    return undefined;
  }
}

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
const valueOf = (option: Option, example: string): Values =>
  runInThisContext(
    `({ ${Object.keys(parts).join(", ")} }) => ({ ${wholeExample(option, example)} })`,
  )(parts);

const examplesOf = (documented: readonly Option[]) =>
  documented.flatMap((option) =>
    option.examples.map((example) => ({ option, path: option.path, example })),
  );

describe("a documented example has the path of its option, and is accepted", () => {
  it.each(examplesOf(pages.general.documented))("$path: $example", ({ option, example }) => {
    const value = valueOf(option, example);
    expect(() => defineConfig(value)).not.toThrow();
    expect(value).toHaveProperty(option.path);
  });

  it.each(examplesOf(routeOptions))("$path: $example", ({ option, example }) => {
    const value = valueOf(option, example);
    const [, from] = /from: "([^"]+)"/.exec(example) ?? [];
    const needed = {
      name: "a",
      match: from === undefined ? "/:slug" : `${from}/*`,
      fresh: "1m",
      browser: "1m",
      bypass: "when" in value,
    };
    const origins = { bucket: { url: "https://bucket.example" } };
    const routes = [{ ...needed, ...value }];
    expect(() => defineConfig({ origins, routes } as Values)).not.toThrow();
    expect(value).toHaveProperty(option.path);
  });
});

describe("a general option", () => {
  const resolved = (values: Values) => {
    const { anywhere, ...config } = defineConfig(values);
    return { ...config, anywhere: comparable(anywhere) };
  };
  const single = pages.general.documented.filter(({ members }) => members.length === 0);
  const literals = single.flatMap((option) => {
    const value = literal(option);
    return value === undefined ? [] : [{ name: option.path, value }];
  });

  it.each(literals)("has the documented default: $name is $value", ({ name, value }) => {
    expect(resolved(written(name, value))).toEqual(resolved({}));
  });

  it("has a single value as its default, with few exceptions", () => {
    expect(single.length - literals.length).toBeLessThan(17);
  });
});

/** Defaults that are words instead of a value. */
const inWords =
  /^(?:none|all|as the origin says|required|the first|the (?:client|origin|site)'s)(?:[ ,;]|$)/;
/** The default of a route's option that the configuration has as well. */
const ofSite = /that of the site$/;

const optional = routeOptions.filter(
  ({ path }) => pages.route.options.includes(path) && path !== "name" && path !== "match",
);

describe.each(optional)("the route option $path", (option) => {
  const resolved = (route: Values, general: Values = {}) =>
    comparable(resolvedRoute({ name: "a", match: "/:slug", ...route }, general));
  const example = valueOf(option, option.examples[0] ?? "");

  it("has an example that changes the route", () => {
    expect(resolved(example)).not.toEqual(resolved({}));
  });

  it("has the documented default", () => {
    const value = literal(option);
    const above = routeOptions.find(({ path }) => option.path.startsWith(`${path}.`));
    const isOfSite =
      ofSite.test(option.fallback) ||
      (ofSite.test(above?.fallback ?? "") &&
        pages.general.options.some((path) => path === option.path));
    const known = value === undefined ? {} : written(option.path, value);
    expect(resolved(known)).toEqual(resolved({}));
    expect(resolved({}, isOfSite ? example : {})).toEqual(resolved(isOfSite ? example : {}));
    expect(value !== undefined || isOfSite || inWords.test(option.fallback)).toBe(true);
  });
});
