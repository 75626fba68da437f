// Answers requests for pages with ESI tags. The page leaves for its client alone, because each
// fragment may be for this client alone.
import { isNotModified } from "../rules/validators.ts";
import { contentLength } from "../rules/fields.ts";
import { responseDirectives } from "../rules/cache-control.ts";
import { requestForWhole } from "../pages/request/plan.ts";
import type { UrlRead } from "../pages/request/url-reader.ts";
import { makePrivate, withoutBody } from "../pages/respond/downstream.ts";
import { plainPage, withErrorPage } from "../pages/respond/plain-page.ts";
import { notModified } from "../pages/respond/respond.ts";
import type { EsiContext, EsiPort, ServePart } from "../pages/site/esi-port.ts";
import { Assembly, hasEsi } from "./assembly.ts";
import { readTemplate } from "./template.ts";

export class EsiPages implements EsiPort {
  readonly #includesMax: number;

  constructor(includesMax: number) {
    this.#includesMax = includesMax;
  }

  async answer(
    client: Request,
    read: UrlRead,
    context: EsiContext,
    serve: ServePart,
  ): Promise<Response> {
    const whole = requestForWhole(client, read.route);
    const response = await serve(whole, read, "page");
    const { headers } = response;
    const isPage = whole !== client && hasEsi(response, read.route);
    const mayKeep = context.site.config.cacheInFront || !headers.has("surrogate-control");
    if (read.route.esi === "declared" && !mayKeep) headers.delete("surrogate-control");
    if (!isPage) return response;
    if (response.body === null) return withFields(response, null, assembledFields([response]));
    const assembly = new Assembly({ client: whole, read, context, serve }, this.#includesMax);
    try {
      return await assembled(response, { headers: client.headers, read, assembly });
    } catch {
      assembly.end();
      return withErrorPage(plainPage("unreachable"), read.route, client);
    }
  }
}

/** @throws Error if the template or a fragment fails */
async function assembled(
  response: Response,
  page: { readonly headers: Headers; readonly read: UrlRead; readonly assembly: Assembly },
): Promise<Response> {
  const { headers: request, read, assembly } = page;
  const { status, headers: stored } = response;
  const body = await assembly.whole(response);
  if (!(body instanceof Uint8Array)) {
    return withFields(response, assembly.send(body, contentLength(stored)), stored);
  }
  const template = readTemplate(body);
  if (template.isMalformed) assembly.count("malformed");
  if (template.hasTags) {
    const parts = assembly.partsOf(template, read, 0);
    const heads = await assembly.headsOf(parts);
    const bytes = assembly.send(assembly.bytesOf(parts, 0), null);
    return withFields(response, bytes, assembledFields([response, ...heads]));
  }
  if (isNotModified({ request, stored, status, receivedAtMs: undefined })) {
    assembly.end();
    return notModified(withoutBody(new Headers(stored)));
  }
  return withFields(response, assembly.send(assembly.bytesOf([body], 0), body.byteLength), stored);
}

function withFields(
  { status, statusText }: Response,
  body: ReadableStream<Uint8Array> | null,
  headers: Headers,
): Response {
  return new Response(body, { status, statusText, headers, encodeBody: "manual" });
}

/** Fields of a template that are not true of the page. */
const ofTemplate =
  "accept-ranges age content-digest content-length content-md5 digest etag expires last-modified " +
  "repr-digest surrogate-control";

/** Returns the fields of the page: those of its template, without its lifetime and validators. */
function assembledFields([template, ...fragments]: readonly [Response, ...Response[]]): Headers {
  const fields = new Headers(template.headers);
  const isNotStored = [template, ...fragments].some(
    ({ headers }) => responseDirectives(headers).noStore,
  );
  makePrivate(fields);
  fields.set("cache-control", isNotStored ? "private, no-store" : "private, no-cache");
  for (const name of ofTemplate.split(" ")) fields.delete(name);
  return fields;
}
