// From a resource to its answer: coding, validators, preconditions, header fields, body.
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { DemoEnv } from "./demo-env.ts";
import { chooseCoding, encode, type Coding } from "./coding.ts";
import { evaluatePreconditions } from "./preconditions.ts";

/** Equal for all codings and forms of a page, unlike an entity tag. */
export const pageVersionField = "Page-Version";

export interface Validators {
  /** Without quotes and without coding; absent when dates alone validate the resource. */
  version?: string;
  lastModifiedAtMs?: number;
}

export interface Rendered {
  body: string | Uint8Array;
  /** Of what was rendered, which may be newer than what the preconditions were held against. */
  validators?: Validators;
  tags?: readonly string[];
  /** Grows with each change of the page; shown, so that anyone can tell which state came. */
  pageVersion?: number;
}

export interface Resource {
  contentType: string;
  cacheControl: string;
  compressible: boolean;
  status?: ContentfulStatusCode;
  /** Request fields, beside Accept-Encoding, that choose between versions of this page. */
  vary?: readonly string[];
  /** Read before rendering, so that a 304 costs no slow query. */
  current?: Validators;
  render: () => Rendered | Promise<Rendered>;
}

/** Answers GET and HEAD alike; Hono drops a HEAD's body and keeps its header fields. */
export async function send(context: Context<DemoEnv>, resource: Resource): Promise<Response> {
  const request = context.req.raw;
  const accepted = request.headers.get("accept-encoding") ?? undefined;
  const coding = resource.compressible ? chooseCoding(accepted) : "identity";
  if (resource.current !== undefined) {
    const validators = validatorFields(resource.current, coding, context.get("arrivedAtMs"));
    const verdict = evaluatePreconditions({
      headers: request.headers,
      etag: validators["ETag"],
      lastModifiedAtMs: wholeSecondsMs(resource.current.lastModifiedAtMs),
    });
    // The tags are left out: an equal validator means equal tags, and a 304 leaves the stored
    // fields it does not name as they are (RFC 9111 §3.2).
    const fields = { ...cacheFields(resource), ...validators };
    if (verdict === "not-modified") return context.body(null, 304, fields);
    if (verdict === "precondition-failed") return context.body(null, 412, fields);
  }
  const rendered = await resource.render();
  const raw = typeof rendered.body === "string" ? Buffer.from(rendered.body) : rendered.body;
  const bytes = await encode(raw, coding);
  return context.body(bytes, resource.status ?? 200, {
    "Content-Type": resource.contentType,
    "Content-Length": String(bytes.byteLength),
    ...(coding === "identity" ? {} : { "Content-Encoding": coding }),
    ...cacheFields(resource),
    ...validatorFields(rendered.validators ?? {}, coding, context.get("arrivedAtMs")),
    ...tagFields(rendered.tags ?? []),
    ...(rendered.pageVersion === undefined
      ? {}
      : { [pageVersionField]: String(rendered.pageVersion) }),
  });
}

function cacheFields(resource: Resource): Record<string, string> {
  const vary = [...(resource.compressible ? ["Accept-Encoding"] : []), ...(resource.vary ?? [])];
  return {
    "Cache-Control": resource.cacheControl,
    ...(vary.length === 0 ? {} : { Vary: vary.join(", ") }),
  };
}

/** One representation per coding, so one strong validator per coding (RFC 9110 §8.8.3.3). */
function validatorFields(
  { version, lastModifiedAtMs }: Validators,
  coding: Coding,
  atMs: number,
): Record<string, string> {
  const suffix = coding === "identity" ? "" : `-${coding}`;
  const fields: Record<string, string> = {};
  if (version !== undefined) fields["ETag"] = `"${version}${suffix}"`;
  if (lastModifiedAtMs !== undefined) {
    // Never after the message's own date (RFC 9110 §8.8.2.1).
    fields["Last-Modified"] = new Date(Math.min(lastModifiedAtMs, atMs)).toUTCString();
  }
  return fields;
}

function wholeSecondsMs(atMs: number | undefined): number | undefined {
  return atMs === undefined ? undefined : Math.floor(atMs / 1_000) * 1_000;
}

/** Two spellings of one list, as caches differ in which they read. */
function tagFields(tags: readonly string[]): Record<string, string> {
  if (tags.length === 0) return {};
  return { "Cache-Tag": tags.join(","), "Surrogate-Key": tags.join(" ") };
}
