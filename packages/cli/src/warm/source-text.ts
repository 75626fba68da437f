// Reads the text of a sitemap or a manifest, from a file or over HTTP.
import { CommandError, failure } from "../command-error.ts";
import { userAgent } from "../version.ts";
import type { World } from "../world.ts";
import { bytesOfFile, bytesOfStream, type TextLimit, textOf } from "./page-list.ts";

const redirectsMax = 5;
const answerMsMax = 60_000;

const accepted = {
  sitemap: "application/xml, text/xml, */*;q=0.5",
  manifest: "application/json, */*;q=0.5",
} as const;

interface SourceOptions {
  readonly kind: keyof typeof accepted;
  readonly bytesMax: number;
  readonly world: World;
}

export const isRemote = (source: string) => /^https?:\/\//i.test(source);

/** Returns why a text is not an address of a source; `undefined` if it is one. */
export function whyNoUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !isRemote(text)) return `${JSON.stringify(text.slice(0, 200))} is not a URL.`;
  const isSecret = url.username !== "" || url.password !== "";
  return isSecret ? "The URL contains a user name or a password." : undefined;
}

/** @throws CommandError if the source cannot be read */
export async function textAt(source: string, given: SourceOptions): Promise<string> {
  const { bytesMax, world } = given;
  const limit = { name: source, bytesMax };
  const bytes = isRemote(source) ? await download(limit, given) : await bytesOfFile(source, world);
  return textOf(bytes, limit);
}

async function download(limit: TextLimit, given: SourceOptions): Promise<Buffer> {
  const { body } = await answerOf(limit.name, given);
  try {
    return body === null ? Buffer.alloc(0) : await bytesOfStream(body, limit);
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    const why = "The connection broke during the download.";
    throw sourceFailure(
      { kind: given.kind, source: limit.name },
      why,
      "Run the same command again.",
      cause,
    );
  }
}

async function answerOf(source: string, { kind, world }: SourceOptions): Promise<Response> {
  let url = new URL(source);
  for (let redirects = 0; ; redirects += 1) {
    const signal = AbortSignal.any([world.interrupted, AbortSignal.timeout(answerMsMax)]);
    const headers = { "user-agent": userAgent, accept: accepted[kind] };
    const response = await world
      .fetch(url, { headers, redirect: "manual", signal })
      .catch((cause) => {
        const hint = "Check the address, and that the site is up.";
        throw sourceFailure({ kind, source }, `${url.origin} could not be reached.`, hint, cause);
      });
    if (response.status === 200) return response;
    await response.body?.cancel();
    const location = URL.parse(response.headers.get("location") ?? "", url.href);
    if (response.status < 300 || response.status >= 400 || location === null) {
      throw sourceFailure(
        { kind, source },
        `The status is ${response.status}.`,
        "Check the address.",
      );
    }
    const isTooMany = redirects === redirectsMax;
    if (location.host !== url.host || isTooMany) {
      const why = isTooMany ? `more than ${redirectsMax} times` : `to ${location.origin}`;
      throw sourceFailure({ kind, source }, `It redirects ${why}.`, "Use the final address.");
    }
    url = location;
  }
}

export function sourceFailure(
  { kind, source }: Pick<SourceOptions, "kind"> & { readonly source: string },
  why: string,
  hint: string,
  cause?: unknown,
): CommandError {
  const fault = { what: `The ${kind} ${source} cannot be used.`, why, hint };
  return failure(fault, `bad-${kind}`, cause);
}
