// Calls the operator's routes of a site. The ADMIN_TOKEN never leaves this machine: the command derives a
// token for one host and one minute, after the site has proved that it also knows the ADMIN_TOKEN.
import * as v from "valibot";
import {
  type AnswerName,
  answers,
  errorAnswer,
  type ErrorAnswer,
  type OperatorAnswer,
} from "../../../../src/protocol/answers.ts";
import {
  challengeField,
  challengeOf,
  derivedToken,
  isProof,
  newNonce,
  readToken,
  tokenKey,
  type TokenKey,
  type TokenScope,
} from "../../../../src/protocol/operator-token.ts";
import { networkFailure } from "../asking/network-failure.ts";
import { type CommandError, failure, interruption, usageError } from "../command-error.ts";
import type { World } from "../world.ts";
import type { ChosenSite } from "./chosen-site.ts";

interface SiteCall {
  readonly method?: "GET" | "POST";
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Accepted statuses besides 2xx. */
  readonly accepts?: readonly number[];
}

interface ProvenSite {
  readonly key: TokenKey;
  /** The site's clock minus this machine's clock. */
  readonly aheadMs: number;
}

const answerMsMax = 60_000;
/** The size limit of an answer. No valid answer of these routes is that large. */
const answerBytesMax = 32 * 1_024 * 1_024;
/** The lifetime of a token, which is at least `answerMsMax`. Each request gets its own token. */
const tokenSeconds = 60;
/** Answers whose names differ from their routes. */
const routes = { dryRun: "purge", healthOrStatus: "health" } as const;

/** A client for the operator's routes of one site. */
export class SiteClient {
  readonly site: ChosenSite;
  readonly #world: World;
  #proven: Promise<ProvenSite> | undefined;

  constructor(site: ChosenSite, world: World) {
    this.site = site;
    this.#world = world;
  }

  /** Returns a value for `Tidemark-Debug`, valid on this site for a minute. @throws as `json` */
  debugToken(): Promise<string> {
    return this.#tokenFor("debug");
  }

  /** Returns a token for the dashboard of this site. Sends nothing. @throws CommandError without ADMIN_TOKEN */
  async readToken(): ReturnType<typeof readToken> {
    const { origin, token } = this.site;
    if (token === undefined) throw noToken(this.site);
    return readToken(token, { host: new URL(origin).host, nowAtMs: this.#world.nowAtMs() });
  }

  /** @throws CommandError if the site has not proved itself; the command then sent no token */
  async #tokenFor(scope: TokenScope): Promise<string> {
    this.#proven ??= this.#prove().catch((cause: unknown) => {
      this.#proven = undefined;
      throw cause;
    });
    const { key, aheadMs } = await this.#proven;
    const { host } = new URL(this.site.origin);
    const expiresAtSeconds = Math.floor((this.#world.nowAtMs() + aheadMs) / 1_000) + tokenSeconds;
    return derivedToken(key, { scope, host, expiresAtSeconds });
  }

  async #prove(): Promise<ProvenSite> {
    const { nowAtMs } = this.#world;
    const { origin, token } = this.site;
    if (token === undefined) throw noToken(this.site);
    const { host } = new URL(origin);
    const key = await tokenKey(token);
    const nonce = newNonce();
    const askedAtMs = nowAtMs();
    const headers = { [challengeField]: await challengeOf(key, host, nonce) };
    const { proof, atSeconds } = await this.#parsed("proof", { headers });
    if (!(await isProof(key, proof, { host, nonce, atSeconds }))) {
      const why = "It did not prove that it knows the ADMIN_TOKEN, so no token was sent.";
      throw notTidemark(this.site, why);
    }
    return { key, aheadMs: atSeconds * 1_000 - (askedAtMs + nowAtMs()) / 2 };
  }

  /**
   * @param name the answer's form, which is usually also the name of the route
   * @throws CommandError if the site sends an error, with the site's message; or if the answer has
   *   another form
   */
  async json<Name extends AnswerName>(
    name: Name,
    call: SiteCall = {},
  ): Promise<OperatorAnswer<Name>> {
    return this.#parsed(name, await this.#signed(call));
  }

  async #parsed<Name extends AnswerName>(
    name: Name,
    call: SiteCall,
  ): Promise<OperatorAnswer<Name>> {
    const route = name in routes ? routes[name as keyof typeof routes] : name;
    const response = await this.#answer(route, call);
    const value = jsonIn(await this.#textOf(route, response));
    if (value === undefined) throw notOurs(this.site, route, response);
    const [issue] = v.safeParse<v.GenericSchema>(answers[name], value).issues ?? [];
    if (issue) throw misshapen(this.site, route, v.getDotPath(issue) ?? "");
    return value as OperatorAnswer<Name>;
  }

  async #textOf(route: string, { body }: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    try {
      for await (const chunk of body ?? []) {
        bytes += chunk.byteLength;
        if (bytes > answerBytesMax) break;
        text += decoder.decode(chunk, { stream: true });
      }
    } catch (cause) {
      throw this.#unreachable(cause);
    }
    if (bytes > answerBytesMax) {
      const path = `${this.site.operatorPath}/${route}`;
      const mebibytes = answerBytesMax / 1_024 / 1_024;
      throw notTidemark(this.site, `Its answer at ${path} is longer than ${mebibytes} MiB.`);
    }
    return text + decoder.decode();
  }

  async #signed(call: SiteCall): Promise<SiteCall> {
    const authorization = `Bearer ${await this.#tokenFor("operator")}`;
    return { ...call, headers: { authorization, ...call.headers } };
  }

  async #answer(route: string, call: SiteCall): Promise<Response> {
    const { origin, operatorPath } = this.site;
    const url = new URL(`${operatorPath}/${route}`, origin);
    for (const [name, values] of Object.entries(call.query ?? {})) {
      for (const value of [values ?? []].flat()) url.searchParams.append(name, value);
    }
    const init = {
      method: call.method ?? "GET",
      ...(call.headers && { headers: call.headers }),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      // Follow no redirect, which would send the token to another server.
      redirect: "manual" as const,
      signal: AbortSignal.any([this.#world.interrupted, AbortSignal.timeout(answerMsMax)]),
    };
    const response = await this.#world.fetch(url, init).catch((cause: unknown) => {
      throw this.#unreachable(cause);
    });
    if (response.ok || call.accepts?.includes(response.status)) return response;
    const text = await this.#textOf(route, response).catch((cause) => {
      // The status has already decided, and the body only explains.
      if (this.#world.interrupted.aborted) throw cause;
      return "";
    });
    const body = jsonIn(text);
    const refusal = v.safeParse(errorAnswer, body);
    throw refusal.success
      ? refused(refusal.output.error, this.site)
      : notOurs(this.site, route, response);
  }

  #unreachable(cause: unknown): CommandError {
    if (this.#world.interrupted.aborted) {
      return interruption("The request to the site was interrupted.");
    }
    const { code, why } = networkFailure(cause, answerMsMax);
    const isCertificate = code === "certificate";
    const fault = {
      what: `${this.site.origin} could not be reached.`,
      why: isCertificate ? `${why}, so no token was sent.` : `${why}.`,
      hint: isCertificate ? hintOfCertificate : "Check the address, and that the site is up.",
    };
    return failure(fault, "unreachable", cause);
  }
}

/** Tidemark's answers have fewer than ten levels. Deeper JSON could overflow the stack of recursive functions. */
const nestingMax = 64;

/** Returns `undefined` for invalid JSON, and for JSON that is nested too deeply. */
function jsonIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isDeeperThan(nestingMax, value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/**
 * Statuses that a server in front of the Worker sends, or that the platform sends if the Worker
 * fails.
 */
const betweenStatuses: ReadonlySet<number> = new Set([
  429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530,
]);

/** Codes of temporary failures, after which a retry makes sense. */
export const passingCodes: ReadonlySet<string> = new Set(["unavailable", "unreachable", "between"]);

function noToken({ origin }: ChosenSite): CommandError {
  return usageError({
    what: "Nothing was sent.",
    why: `There is no token for ${origin}.`,
    hint: "Set TIDEMARK_TOKEN to its ADMIN_TOKEN, or set TIDEMARK_TOKEN_FILE to a file of mode 600 with it.",
  });
}

/**
 * Uses the site's own message. Only the hint for a wrong token is replaced, because the site's hint is for
 * other clients.
 */
function refused(
  { code, what, why, hint }: ErrorAnswer["error"],
  { origin }: ChosenSite,
): CommandError {
  const ofHost = `If the token is right, the deployment must see the host ${new URL(origin).host}`;
  const seen = "let a proxy in front of it send this host, with its port, in X-Forwarded-Host";
  const ofToken = `${hintOfToken} ${ofHost}: ${seen}. SITE_HOST must name it, if set.`;
  return failure({ what, why, hint: code === "unauthorized" ? ofToken : hint }, code);
}

function notOurs(site: ChosenSite, route: string, { status, headers }: Response): CommandError {
  const { origin, operatorPath } = site;
  const location = URL.parse(headers.get("location") ?? "", origin);
  if (status >= 300 && status < 400 && location !== null) {
    const to = location.origin + location.pathname.slice(0, 60);
    const why = `It redirects to ${to}, and the token is not sent to another address.`;
    return notTidemark(site, why, { hint: "Use the site's own address." });
  }
  const type = headers.get("content-type")?.split(";", 1)[0] ?? "no type";
  const answer = `Its answer (${status}, ${type})`;
  if (betweenStatuses.has(status)) {
    const why = `${answer} is not from Tidemark: a server in front of the Worker sent it, or the Worker fails.`;
    const hint = "Try again later. If it persists, check the Worker's logs.";
    return notTidemark(site, why, { hint, code: "between" });
  }
  if (status === 404 && route === "outward") {
    return failure({
      what: `${origin} has no route ${operatorPath}/outward.`,
      why: "Its configuration lacks outward(), or its Tidemark is older than this command.",
      hint: "Add outward() of tidemark/outward to `parts` of the configuration, and deploy.",
    });
  }
  const nothing = `It serves nothing at ${operatorPath}/${route}, or its Tidemark is older than this command.`;
  return notTidemark(site, status === 404 ? nothing : `${answer} is not from Tidemark.`);
}

/** @param place the path of the invalid member; empty for the whole answer */
function misshapen(site: ChosenSite, route: string, place: string): CommandError {
  const fault = place === "" ? "has an unexpected form" : `has no valid ${JSON.stringify(place)}`;
  return notTidemark(site, `Its answer at ${site.operatorPath}/${route} ${fault}.`);
}

function notTidemark(
  { origin }: ChosenSite,
  why: string,
  how: { hint?: string; code?: string } = {},
) {
  const what = `${origin} did not answer like Tidemark.`;
  return failure({ what, why, hint: how.hint ?? hintOfSite }, how.code ?? "not-tidemark");
}

const hintOfCertificate =
  "Check the host's name and its certificate. If you use your own certificate authority, set NODE_EXTRA_CA_CERTS to its file.";
const hintOfToken =
  "Set TIDEMARK_TOKEN to the secret ADMIN_TOKEN of that Worker, or set TIDEMARK_TOKEN_FILE to a file of mode 600 with it.";
const hintOfSite =
  "Check that this version of Tidemark runs in front of the site, and check its ADMIN_TOKEN and operatorPath.";
