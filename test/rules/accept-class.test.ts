// Tests the class of media types that a client prefers to HTML (RFC 9110 §12.5.1).
import { describe, expect, it } from "vitest";
import {
  acceptClass,
  acceptOfClass,
  mayBeChosenByAccept,
  isChosenByAccept,
  isOfExtension,
} from "../../src/rules/accept-class.ts";

describe("acceptClass", () => {
  it.each([
    [null, "html"],
    ["", "html"],
    ["*/*", "html"],
    ["text/*", "html"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "html"],
    ["text/html, text/markdown", "html"],
    ["text/markdown;q=0, */*", "html"],
    ["text/markdown, text/html, */*", "markdown"],
    ["text/html;q=0.9, TEXT/Markdown", "markdown"],
    ["application/json, text/plain, */*", "json"],
    ["application/vnd.api+json", "+json"],
    ["application/rss+xml, application/xml;q=0.9", "xml"],
    ["text/calendar", "calendar"],
    ["text/csv", "other"],
    ["image/avif,image/webp,*/*;q=0.8", "html"],
    ["text/css,*/*;q=0.1", "html"],
    ["application/javascript", "html"],
    ["markdown", "html"],
    [`${",".repeat(2_000)}text/markdown`, "html"],
  ])("of %j is %s", (accept, of) => {
    expect(acceptClass(accept)).toBe(of);
  });
});

it.each([
  ["text/markdown", "text/markdown, text/html", true],
  ["text/html", "text/markdown, text/html", false],
  ["text/markdown", "text/html, text/markdown", false],
  ["text/markdown", "*/*", false],
  ["application/rss+xml", "application/xml, */*", true],
  ["application/json", "text/markdown, application/json;q=0.1", true],
  ["text/csv", "text/markdown, */*", false],
  ["text/plain", "text/markdown, */*", true],
  ["image/png", "image/png", false],
  ["application/json", "application/vnd.github+json", true],
  ["application/ld+json", "application/json", true],
  ["text/json", "application/json, text/html", true],
  ["application/x-json", "application/vnd.api+json", true],
  ["application/x-ndjson", "application/json", true],
  ["text/plain", "application/json, */*", true],
  ["text/plain", "text/csv, text/html", true],
  ["text/x-markdown", "text/markdown, */*", true],
  ["text/json", "text/html, application/json;q=0.9", false],
  ["text/json", "text/csv, application/json;q=0", false],
])("isChosenByAccept: %s for %s is %s", (type, accept, isChosen) => {
  expect(isChosenByAccept(type, accept)).toBe(isChosen);
});

const padding = Array.from({ length: 120 }, (_, nth) => `x/y${nth};q=0.1`).join(",");

it.each([
  ["application/json", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false],
  ["text/plain", "text/html,image/avif,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7", false],
  ["application/xml", "text/html,application/xml;q=0.9,*/*;q=0.8", false],
  ["application/json", "text/html,application/signed-exchange;v=b3,*/*;q=0.8", false],
  ["application/json", "text/html, image/gif, *; q=.2, */*; q=.2", false],
  ["application/xml", "text/html,application/xml", true],
  ["text/markdown", "text/html,text/markdown;q=0.1", true],
  ["text/markdown", "text/html,text/x-markdown;q=0.1", true],
  ["application/json", null, false],
  ["application/json", "*/*", false],
  ["application/json", "text/*", true],
  ["application/json", "application/*, text/html;q=0.9", true],
  ["application/json", "text/html;q=0.5, */*", true],
  ["application/json", "*/*, text/html;q=0", true],
  ["application/json", "application/json;q=1.5, text/html", true],
  ["application/json", `text/html,${padding},application/json`, true],
  ["application/json", "application/json, */*", true],
  ["text/plain", "text/html, text/markdown;q=0.9", true],
  ["text/json", "text/html, application/json;q=0.9", true],
  ["application/zip", "text/html, application/vnd.ms-excel;q=0.1", true],
  ["text/plain", "text/html, text/*;q=0.9", true],
  ["application/json", "text/html, application/json;q=0", true],
  ["application/json", 'text/html;profile="a, application/json"', true],
  ["application/json", "", true],
  ["", "text/html, text/markdown;q=0.9", true],
  ["text/javascript", "*/*;q=0.5, text/javascript, application/javascript", true],
  ["text/javascript", "*/*", false],
  ["text/html", "text/markdown, text/html, */*", false],
  ["text/html", "text/fragment+html", true],
  ["text/html", "text/html, text/html-partial;q=0.5", true],
  ["text/html", "*/*;version=2", true],
  ["text/html", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml", true],
  ["text/html", "text/html;level=1, text/html;q=0.7", true],
  ["application/xhtml+xml", "text/html, application/vnd.wap.xhtml+xml;q=0.9", true],
  ["image/webp", "text/html, image/webp;q=0.9", true],
  ["image/webp", "image/webp, text/html, application/xhtml+xml", true],
  ["image/jpeg", "image/jpeg", true],
  ["image/png", "application/json, text/plain, */*", true],
])("mayBeChosenByAccept: %s for %s is %s", (type, accept, may) => {
  expect(mayBeChosenByAccept(type, accept)).toBe(may);
});

const pages = [
  "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8",
  "text/html,application/xhtml+xml,application/signed-exchange;v=b3,application/xml;q=0.9,*/*;q=0.8",
  "*/*",
];
const images = [
  "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
  "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
  "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
  "image/wxpic,image/tpg,image/webp,image/apng,image/*,*/*;q=0.8",
  "text/css,*/*;q=0.1",
  "video/webm,video/ogg,video/*;q=0.9,application/ogg;q=0.7,audio/*;q=0.6,*/*;q=0.5",
  "audio/webm,audio/ogg,audio/wav,audio/*;q=0.9,application/ogg;q=0.7,video/*;q=0.6,*/*;q=0.5",
  "application/font-woff2;q=1.0,application/font-woff;q=0.9,*/*;q=0.8",
];

const texts =
  `application/json text/json application/x-json application/ld+json application/vnd.api+json
  application/activity+json application/problem+json application/json-seq application/x-ndjson application/jsonl
  text/xml application/rss+xml application/atom+xml application/rdf+xml application/vnd.ogc.wms+xml text/markdown
  text/x-markdown text/plain text/csv application/csv text/yaml application/yaml application/x-yaml text/turtle
  application/n-triples text/calendar text/x-vcalendar text/vcard text/x-component text/x-script text/event-stream
  text/vnd.turbo-stream.html text/fragment+html application/pdf application/zip application/octet-stream
  application/vnd.ms-excel application/vnd.openxmlformats-officedocument.spreadsheetml.sheet application/x-protobuf
  application/msgpack application/cbor application/vnd.mapbox-vector-tile application/graphql-response+json
  text/javascript application/javascript application/x-javascript application/ecmascript multipart/mixed`.match(
    /\S+/g,
  )!;
const media =
  `image/png image/x-png image/jpeg image/jpg image/gif image/webp image/avif image/svg+xml image/tiff
  audio/mpeg video/mp4 text/css font/woff2`.match(/\S+/g)!;

/** Fields with a name, in all orders and weights beside HTML, other names and ranges. */
const fieldsWith = (name: string): readonly string[] => [
  `text/html, ${padding}, ${name}`,
  ...["", ";q=1", ";q=0.9", ";q=0.001", ";q=0", ";q=1.5", ";profile=x", ';profile="x, y"'].flatMap(
    (weight) => [
      `${name}${weight}`,
      `${name}${weight}, */*`,
      `${name}${weight}, text/html, */*;q=0.1`,
      `text/html, ${name}${weight}`,
      `text/html;q=0.5, ${name.toUpperCase()}${weight}`,
      `text/html,application/xhtml+xml,application/xml;q=0.9,${name}${weight},*/*;q=0.8`,
      `text/html, ${name}${weight}, ${name};q=0.1`,
      `text/html;level=1 ,${name}${weight} , text/csv;q=0.2`,
    ],
  ),
];

/** Returns the pairs of a type and a field of a client whose answer of this type fills the page for browsers. */
const filling = (types: readonly string[], fields: readonly (string | null)[]) =>
  types.flatMap((type) =>
    fields.flatMap((accept) =>
      isChosenByAccept(type, accept) || mayBeChosenByAccept(type, accept) ? [] : [[type, accept]],
    ),
  );
const allOf = (types: readonly string[], fields: readonly (string | null)[]) =>
  types.flatMap((type) => fields.map((accept) => [type, accept]));

describe("what fills a page for browsers", () => {
  const html = ["text/html", "application/xhtml+xml"];
  const others = [...texts, "application/xml"];

  it("is an answer of any type to a browser, or to a client that names none", () => {
    const ofPage = [
      [...html, ...others, ...media, ""],
      [null, ...pages],
    ] as const;
    const ofPart = [[...html, "", "application/octet-stream", ...media], images] as const;
    expect(filling(...ofPage)).toEqual(allOf(...ofPage));
    expect(filling(...ofPart)).toEqual(allOf(...ofPart));
  });

  it("is no other type than HTML for a client that names one that no browser names", () => {
    const fields = [...texts, "text/*", "application/*"].flatMap(fieldsWith);
    expect(filling([...others, ...media, ""], fields)).toEqual([]);
  });

  it("is no other type than HTML for a client that asks for no page as browsers do", () => {
    const fields = [
      "application/xhtml+xml",
      "application/signed-exchange;v=b3",
      "text/html;level=1",
    ];
    const withZero = fields.flatMap((field) => [field, `${field}, text/html;q=0`]);
    const repeated = ["text/html;q=0", "text/html, TEXT/HTML;q=0", "text/html;q=0,*/*;q=0"];
    const documents = others.filter((type) => !/script$|octet-stream$/.test(type));
    expect(filling(documents, [...media, ...withZero, ...repeated])).toEqual([]);
    expect(filling([...media, ""], ["*/*;q=0", "*;q=0", ...repeated])).toEqual([]);
  });

  it("is no part of a page for a client that names such a type beside HTML", () => {
    const fields = media.flatMap(fieldsWith).filter((field) => field.includes("text/html"));
    expect(
      filling(
        media,
        fields.filter((field) => !field.includes("xhtml")),
      ),
    ).toEqual([]);
  });

  it("is HTML, unless a client names another form of it", () => {
    const plain = (name: string) => [name, `${name}, text/html`, `text/html, ${name};q=0.9`];
    const ofHtml = [...texts, ...media].filter((name) => name.endsWith("html"));
    const rest = [...texts, ...media].filter((name) => !name.endsWith("html"));
    expect(filling(html, ofHtml.flatMap(plain))).toEqual([]);
    expect(filling(html, rest.flatMap(plain))).toEqual(allOf(html, rest.flatMap(plain)));
  });

  it("is no type that a client with the same names in another order has chosen", () => {
    const names = [...texts, "application/xml"].map((name) => {
      const fields = fieldsWith(name);
      const chosen = others.filter((type) => fields.some((field) => isChosenByAccept(type, field)));
      // Browsers name XML below HTML.
      const isApart = (field: string) =>
        name !== "application/xml" || acceptClass(field) !== "html";
      return filling(chosen, fields.filter(isApart));
    });
    expect(names.flat()).toEqual([]);
  });
});

it.each([
  ["application/json", "/a.json", true],
  ["application/json", "/a.php", false],
  ["application/json", "/v1.2/a", false],
  ["text/markdown", "/a.md", true],
  ["text/markdown", "/a.html", false],
  ["text/csv", "/a.csv", true],
  ["text/plain", "/users/john.doe", false],
  ["text/plain", "/docs/v1.2", false],
  ["text/plain", "/a", false],
  ["image/webp", "/a.jpg", true],
  ["text/javascript", "/a.mjs", true],
  ["image/webp", "/a", false],
  ["image/webp", "/a.php", false],
  ["", "/a", false],
])("isOfExtension: %s at %s is %s", (type, path, isImplied) => {
  expect(isOfExtension(type, path)).toBe(isImplied);
});

it("a request for JSON names application/json first, as clients do", () => {
  expect(acceptOfClass("json", "text/json")).toBe("application/json, text/json, */*;q=0.1");
});

it.each(["html", "json", "+json", "xml", "markdown", "calendar", "other"] as const)(
  "a request for the class %s has this class, whatever the type of the response",
  (of) => {
    for (const type of [
      "",
      "text/html",
      "text/csv",
      "text/json",
      "application/ld+json",
      "application/atom+xml",
    ]) {
      expect(acceptClass(acceptOfClass(of, type))).toBe(of);
    }
  },
);
