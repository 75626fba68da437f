// Answers requests for pages with ESI tags. The page leaves for its client alone, because each
// fragment may be for this client alone.
import type { Decision } from "../../observe/decision.ts";
import { optionsOf } from "../../part/port/part.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { isNotModified } from "../../rules/validators.ts";
import { contentLength, type Fields } from "../../rules/fields.ts";
import { responseDirectives } from "../../rules/cache-control.ts";
import { conditionsOf, hasPrecondition } from "../../pages/request/plan.ts";
import { requestForWhole } from "../../pages/request/conditions.ts";
import type { UrlRead } from "../../routing/url-reader.ts";
import { makePrivate, withoutBody } from "../../pages/respond/downstream.ts";
import { rewritten } from "../../pages/respond/leave.ts";
import { plainPage } from "../../pages/respond/plain-page.ts";
import { bytesPassedOn, cutToRange, notModified } from "../../pages/respond/respond.ts";
import { withFields } from "../../base/with-fields.ts";
import type { AssemblyContext, AssemblyPort, ServePart } from "../../pages/site/assembly-port.ts";
import { Assembly, hasEsi, urlOfFragment } from "./assembly.ts";
import type { defaultOptions } from "./options.ts";
import { readTemplate } from "./template.ts";

export class EsiPages implements AssemblyPort {
  async answer(
    client: Request,
    read: UrlRead,
    context: AssemblyContext,
    serve: ServePart,
  ): Promise<Response> {
    const parts: Decision[] = [];
    const sent = await this.#answer(client, read, context, { serve, parts });
    const bytes = bytesPassedOn(sent, client.method);
    // The parts were counted whole. Only an assembled page, of unknown length, has the bytes of all of them.
    if (bytes === null) return sent;
    for (const [nth, part] of parts.entries()) {
      context.site.metrics.sent(part, nth === 0 ? bytes : 0);
    }
    return sent;
  }

  /** @param isAgain whether a purge of a part has ended a first attempt */
  async #answer(
    client: Request,
    read: UrlRead,
    context: AssemblyContext,
    by: { readonly serve: ServePart; readonly parts: Decision[] },
    isAgain = false,
  ): Promise<Response> {
    const { parts } = by;
    const whole = requestForWhole(client, read.route);
    const checks: (() => boolean)[] = [];
    const serve: ServePart = (request, of, part) => by.serve(request, of, part, { checks, parts });
    const served = await serve(whole, read, "page");
    const isPage = hasEsi(served, read.route);
    undeclare(served, read, context);
    if (whole === client) return served;
    if (!isPage || served.body === null) {
      if (!hasPrecondition(client.headers)) {
        const bodyBytes = contentLength(served.headers) ?? parts.at(-1)?.bodyBytes ?? null;
        return asAsked(served, bodyBytes, conditionsOf(client, read), { client, context });
      }
      cancelBody(served);
      return undeclare(await serve(client, read, "page"), read, context);
    }
    const response = rewritten(served, read.route.phases, whole);
    const options = optionsOf(read.route, "esi") as typeof defaultOptions;
    const assembly = new Assembly({ client: whole, read, context, serve }, options.includesMax);
    let mayRetry = !isAgain;
    try {
      const page = await assembled(response, {
        headers: conditionsOf(client, read),
        read,
        assembly,
      });
      // The parts were judged before the waits for others.
      const { site, afterAnswer, nowAtMs } = context;
      await site.view.renewIfDue({ atMs: nowAtMs(), host: read.target.ownHost, afterAnswer })?.();
      const mayAnswer = checks.every((isAlike) => isAlike());
      if (mayAnswer && client.method !== "HEAD") return page;
      cancelBody(page);
      if (mayAnswer) return withFields(page, page.headers, null);
    } catch {
      mayRetry = false;
    }
    assembly.end();
    if (!mayRetry) return plainPage("unreachable");
    return this.#answer(client, read, context, by, true);
  }

  async fragmentsIn(
    template: Response,
    { route, target }: UrlRead,
    siteHosts: readonly string[],
  ): Promise<string[]> {
    if (!hasEsi(template, route)) return [];
    const { pieces } = readTemplate(new Uint8Array(await template.arrayBuffer()));
    const sources = pieces.flatMap((piece) => ("sources" in piece ? piece.sources : []));
    return sources.map((source) => urlOfFragment(source, target, siteHosts)?.url ?? source);
  }
}

/** Removes the declaration, which is for this cache, unless another cache follows. */
function undeclare(answer: Response, { route }: UrlRead, { site }: AssemblyContext): Response {
  const { headers } = answer;
  const mayKeep = site.config.cacheInFront || !headers.has("surrogate-control");
  const isDeclared = route.traits.surrogateCapability !== undefined;
  if (isDeclared && !mayKeep) headers.delete("surrogate-control");
  return answer;
}

/** Returns a whole answer that is no page as the client's method, conditions and range select it. */
function asAsked(
  whole: Response,
  bodyBytes: number | null,
  request: Fields,
  { client, context }: { readonly client: Request; readonly context: AssemblyContext },
): Response {
  const { status, headers: stored } = whole;
  if (isNotModified({ request, stored, status, receivedAtMs: undefined })) {
    cancelBody(whole);
    return notModified(withoutBody(new Headers(stored)));
  }
  if (client.method === "HEAD") {
    if (bodyBytes !== null && whole.body !== null) stored.set("content-length", `${bodyBytes}`);
    cancelBody(whole);
    return withFields(whole, stored, null);
  }
  // Without a validator, the client may have parts of another answer, such as one of a fallback origin.
  const hasValidator = stored.has("etag") || stored.has("last-modified");
  return bodyBytes !== null && hasValidator
    ? cutToRange(whole, bodyBytes, request, context)
    : whole;
}

/** @throws Error if the template or a fragment fails */
async function assembled(
  response: Response,
  page: { readonly headers: Fields; readonly read: UrlRead; readonly assembly: Assembly },
): Promise<Response> {
  const { headers: request, read, assembly } = page;
  const { status, headers: stored } = response;
  const body = await assembly.whole(response);
  if (!(body instanceof Uint8Array)) {
    return withFields(response, stored, assembly.send(body, contentLength(stored)));
  }
  const template = assembly.read(body);
  if (template.hasTags) {
    const parts = assembly.partsOf(template, read, 0);
    const mayStore = await assembly.allowStoring(parts);
    const bytes = assembly.send(assembly.bytesOf(parts, 0), null);
    return withFields(response, assembledFields(stored, mayStore), bytes);
  }
  if (isNotModified({ request, stored, status, receivedAtMs: undefined })) {
    assembly.end();
    return notModified(withoutBody(new Headers(stored)));
  }
  return withFields(response, stored, assembly.send(assembly.bytesOf([body], 0), body.byteLength));
}

/** Fields of a template that are not true of the page. */
const ofTemplate =
  "accept-ranges age content-digest content-length content-md5 digest etag expires last-modified " +
  "repr-digest surrogate-control";

/**
 * Returns the fields of the page: those of its template, without its lifetime and validators.
 *
 * @param mayStore whether its fragments allow storing
 */
function assembledFields(template: Headers, mayStore: boolean): Headers {
  const fields = new Headers(template);
  const { noStore } = responseDirectives(template);
  makePrivate(fields);
  fields.set("cache-control", mayStore && !noStore ? "private, no-cache" : "private, no-store");
  for (const name of ofTemplate.split(" ")) fields.delete(name);
  return fields;
}
