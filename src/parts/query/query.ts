// Exports of `tidemark/query`: answers to QUERY (RFC 10008) are stored by the content of the request.
// See docs/query.md.
import { OperatorError } from "../../base/operator-error.ts";
import { sha256Hex } from "../../base/sha256.ts";
import { ByteBudget } from "../../cache/byte-budget.ts";
import type { Route } from "../../config/config.ts";
import { ChunkReader } from "../../bodies/gather.ts";
import type { KeyedContent } from "../../pages/request/plan.ts";
import type { ContentPort, HeldContent } from "../../pages/site/content-port.ts";
import type { FieldLine } from "../../rules/fields.ts";
import { jsonForm } from "./json-form.ts";
import type { PartContents } from "../../admin/part-contents.ts";
import { optionsOf, type PartedRoute, type RoutePart } from "../../part/port/part.ts";

/**
 * Looks up the QUERY requests of a route by URL and content.
 *
 * @param mode `"json"`: white space and the order of members do not count; `"raw"`: all bytes do
 * @throws OperatorError for another mode
 * @example
 * defineConfig({ routes: [{ name: "search", match: "/search", fresh: "1m", use: [query("json")] }] });
 */
export function query(mode: "raw" | "json" = "raw"): RoutePart {
  if (mode !== "raw" && mode !== "json") {
    throw new OperatorError({
      what: "The Worker does not start.",
      why: `query has the mode ${JSON.stringify(mode)}.`,
      hint: 'Write query("raw") or query("json").',
    });
  }
  const contents: PartContents = { fills: { openContents } };
  return {
    kind: "route",
    name: "query",
    traits: { keysContent: true },
    options: mode,
    isForStored: true,
    faultOn,
    contents,
  };
}

function openContents(nowAtMs: () => number): ContentPort {
  const contents = new ByteBudget(heldBytesMax, nowAtMs);
  return { contentOf: (request, route) => contentOf(request, route, contents) };
}

function faultOn({ use = [], methods }: PartedRoute): string | undefined {
  if (methods?.includes("QUERY") === false) return 'has query(): add "QUERY" to methods';
  return use.some(({ traits }) => traits.holdsBodies === true)
    ? 'has query() and slices; give QUERY a route of its own, with methods: ["QUERY"]'
    : undefined;
}

/**
 * The limit for the contents that an isolate holds at one time. They are counted apart from bodies:
 * slow contents must not keep responses from being stored.
 */
const heldBytesMax = 4_194_304;

/** A longer content is forwarded without a lookup. */
const contentBytesMax = 65_536;

/** The longest wait for the whole content. */
const arrivesWithinMs = 10_000;

/** The fields that say how to read the content. They are a part of the key, as sent. */
const keyedNames = ["content-type", "content-encoding", "content-language"];

function contentOf(
  { headers, body }: Request,
  route: Pick<Route, "use">,
  contents: ByteBudget,
): Promise<HeldContent> | undefined {
  const length = headers.get("content-length") ?? "";
  const bytes = Number(length);
  const isFit = /^\d{1,5}$/.test(length) && bytes <= contentBytesMax;
  const type = headers.get("content-type")?.trim() ?? "";
  // Octets beyond ASCII may be lost, so different fields would have the same key.
  const isPlain = keyedNames.every((name) => /^[\t\x20-\x7e]*$/.test(headers.get(name) ?? ""));
  if (body === null || !isFit || headers.has("transfer-encoding")) return undefined;
  if (type === "" || !isPlain) return undefined;
  const release = contents.lend(bytes);
  return release && held(body, bytes, { headers, route, release });
}

async function held(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  length: number,
  given: { headers: Headers; route: Pick<Route, "use">; release: () => void },
): Promise<HeldContent> {
  const { headers, route, release } = given;
  const reader = new ChunkReader(body, arrivesWithinMs, length);
  const read = await reader.wholeWithin(arrivesWithinMs);
  if (read === undefined) {
    // Without a wait: the client may never end its content.
    void reader.cancel();
    return { content: undefined, release };
  }
  const bytes = new Uint8Array(await read.arrayBuffer());
  return { content: await keyedContent(bytes, headers, route), release };
}

/** Returns the content with its line of the key. The line has a digest, and not the content itself. */
async function keyedContent(
  bytes: Uint8Array<ArrayBuffer>,
  headers: Headers,
  route: Pick<Route, "use">,
): Promise<KeyedContent> {
  const values = keyedNames.map((name) => headers.get(name));
  const form =
    optionsOf(route, "query") === "json" && mayBeJson(headers) ? jsonForm(bytes) : undefined;
  const digest = await sha256Hex(form ?? bytes);
  const line = `query ${JSON.stringify([form === undefined ? "raw" : "json", digest, ...values])}`;
  const sent = values.flatMap((value, at): FieldLine[] =>
    value === null ? [] : [[keyedNames[at] ?? "", value]],
  );
  const fields: FieldLine[] = [...sent, ["content-length", String(bytes.length)]];
  return { line, fields, body: () => new Response(bytes).body };
}

/**
 * Returns whether the content is JSON in no other coding, and the client allows a transformation. An
 * origin could read another charset, so that what ends a string in UTF-8 ends none there.
 */
function mayBeJson(headers: Headers): boolean {
  const isJson = /^\s*application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;
  return (
    isJson.test(headers.get("content-type") ?? "") &&
    !headers.has("content-encoding") &&
    !/\bno-transform\b/i.test(headers.get("cache-control") ?? "")
  );
}
