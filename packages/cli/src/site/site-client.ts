// Calls the operator's routes of a site.
import type { World } from "../world.ts";
import type { ChosenSite } from "./chosen-site.ts";
import {
  type AnswerName,
  answers,
  errorAnswer,
  type OperatorAnswer,
} from "../../../../src/protocol/answers.ts";
import type { TokenScope } from "../../../../src/protocol/operator-token.ts";
import { SiteCredential } from "./site-credential.ts";
import { SiteFailures } from "./site-failures.ts";

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

interface SiteCall {
  readonly method?: "GET" | "POST";
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Accepted statuses besides 2xx. */
  readonly accepts?: readonly number[];
}

const answerMsMax = 60_000;
/** The size limit of an answer. No valid answer of these routes is that large. */
const answerBytesMax = 32 * 1_024 * 1_024;

/** Answers whose names differ from their routes. */
const routes = { dryRun: "purge", healthOrStatus: "health" } as const;

type ClientWorld = Pick<World, "fetch" | "interrupted" | "nowAtMs">;

/** A client for the operator's routes of one site. */
export class SiteClient {
  readonly site: ChosenSite;
  readonly #world: ClientWorld;
  readonly #failures: SiteFailures;
  readonly #credential: SiteCredential | undefined;

  constructor(site: ChosenSite, world: ClientWorld) {
    this.site = site;
    this.#world = world;
    this.#failures = new SiteFailures(site, world.interrupted, answerMsMax);
    const { origin, token } = site;
    this.#credential =
      token === undefined
        ? undefined
        : new SiteCredential({
            host: new URL(origin).host,
            adminToken: token,
            nowAtMs: world.nowAtMs,
            askProof: (headers) => this.#parsed("proof", { headers }),
            notProven: () => this.#failures.notProven(),
          });
  }

  /** Returns a value for `Tidemark-Debug`, valid on this site for a minute. @throws as `json` */
  debugToken(): Promise<string> {
    return this.#tokenFor("debug");
  }

  async #tokenFor(scope: TokenScope): Promise<string> {
    if (this.#credential === undefined) throw this.#failures.noToken();
    return this.#credential.token(scope);
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
    if (value === undefined) throw this.#failures.notOurs(route, response);
    const { error } = answers[name].safeParse(value);
    if (error) throw this.#failures.misshapen(route, error.issues[0]?.path.join(".") ?? "");
    return value as OperatorAnswer<Name>;
  }

  /** Returns an answer in plain text. @throws as `json` */
  async text(route: string, call: SiteCall = {}): Promise<string> {
    const response = await this.#answer(route, await this.#signed(call));
    const isPlain = response.headers.get("content-type")?.startsWith("text/plain") === true;
    if (!isPlain) throw this.#failures.notOurs(route, response);
    return this.#textOf(route, response);
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
      throw this.#failures.unreachable(cause);
    }
    if (bytes > answerBytesMax) throw this.#failures.tooLong(route, answerBytesMax);
    return text + decoder.decode();
  }

  async #signed<Given extends SiteCall>(call: Given): Promise<Given> {
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
      throw this.#failures.unreachable(cause);
    });
    if (response.ok || call.accepts?.includes(response.status)) return response;
    const body = jsonIn(await this.#textOf(route, response));
    const refusal = errorAnswer.safeParse(body);
    throw refusal.success
      ? this.#failures.refused(refusal.data.error)
      : this.#failures.notOurs(route, response);
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
