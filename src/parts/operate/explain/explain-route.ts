// GET /_cache/explain: explains how the cache would answer a request, and why.
import type { Reason } from "../../../base/operator-error.ts";
import { isOperatorHost } from "../../../base/operator-host.ts";
import { askedUrl } from "./asked-url.ts";
import { type ExplainSubject, explain } from "./explain.ts";
import { compileUrlReader } from "../../../routing/url-reader.ts";
import { quoted } from "../../../protocol/purge-order.ts";
import { errorAnswer, jsonAnswer } from "../../../admin/json-answers.ts";

const known = ["url", "method", "header"];

/**
 * Answers `GET /_cache/explain?url=…&method=…&header=Name:%20value&header=…`.
 *
 * Without a `header` of Accept-Encoding, explains a request with that of browsers, because many
 * responses vary by it.
 *
 * @param request the operator's request. Its host, or on `operatorHost` the site's first host, completes a
 *   `url` that is a path, and its `cf` replaces the client's
 * @returns 200 with the explanation; 400 for a bad query
 */
export async function explainRoute(request: Request, explained: ExplainSubject): Promise<Response> {
  const ownUrl = new URL(request.url);
  const { config, siteHosts } = explained.context.site;
  // The dashboard explains paths of the site.
  if (isOperatorHost(ownUrl.host, config.operatorHost)) ownUrl.host = siteHosts[0] ?? ownUrl.host;
  const question = questionIn(ownUrl);
  if ("why" in question) {
    return errorAnswer(400, { code: "malformed", what: "Nothing was explained.", ...question });
  }
  const { url, init } = question;
  // Use a separate reader, because the isolate's own reader remembers URLs.
  const readUrl = compileUrlReader(explained.context.site);
  const read = readUrl({ url, method: init.method }, { ...init, cf: request.cf });
  return jsonAnswer(await explain(new Request(url, { ...init, cf: request.cf }), read, explained));
}

interface Question {
  readonly url: string;
  readonly init: { readonly method: string; readonly headers: Headers };
}

function questionIn(operator: URL): Question | Reason {
  const given = operator.searchParams;
  const foreign = [...given.keys()].find((name) => !known.includes(name));
  if (foreign !== undefined) {
    const why = `${quoted(foreign)} is not a parameter of this route.`;
    const encode = "If it belongs to the URL to explain, escape that URL: & is %26.";
    return { why, hint: `The parameters are ${known.join(", ")}. ${encode}` };
  }
  const twice = known.find((name) => name !== "header" && given.getAll(name).length > 1);
  if (twice !== undefined) {
    return { why: `${quoted(twice)} occurs more than once.`, hint: "Write it once." };
  }
  const url = urlIn(given.get("url"), operator);
  if (typeof url !== "string") return url;
  const method = given.get("method") ?? "GET";
  if (!isMethod(method, url)) {
    const why = `${quoted(method)} is not a valid method.`;
    return { why, hint: "Write one such as GET, HEAD or POST, or leave it out for GET." };
  }
  const headers = headersIn(given.getAll("header"));
  if (!(headers instanceof Headers)) return headers;
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "gzip, br");
  return { url, init: { method, headers } };
}

function urlIn(text: string | null, operator: URL): string | Reason {
  const example = "https://www.example.com/news/?page=2";
  const hint = `Write url=${encodeURIComponent(example)} for ${example}, or a path for this host.`;
  if (text === null || text === "") return { why: "The parameter url is missing.", hint };
  return askedUrl(text, operator, hint);
}

function isMethod(method: string, url: string): boolean {
  try {
    return new Request(url, { method }).method !== "";
  } catch {
    return false;
  }
}

function headersIn(lines: readonly string[]): Headers | Reason {
  const headers = new Headers();
  const hint =
    "Write header=Name:%20value, such as header=Accept-Language:%20de, once for each field.";
  for (const line of lines) {
    const colonAt = line.indexOf(":");
    if (colonAt <= 0)
      return { why: `${quoted(line)} is not a field: it has no name before a colon.`, hint };
    try {
      headers.append(line.slice(0, colonAt), line.slice(colonAt + 1).trim());
    } catch {
      return { why: `${quoted(line)} has an invalid name or value.`, hint };
    }
  }
  return headers;
}
