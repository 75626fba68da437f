// Asks the operator's routes of a site.
import type { ToldError } from "../../../../src/admin/protocol.ts";
import { failure, interruption, usageError } from "../command-error.ts";
import type { World } from "../world.ts";
import type { ChosenSite } from "./chosen-site.ts";

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

interface Asked {
  readonly method?: "GET" | "POST";
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Beside 2xx: statuses that are answers, too. */
  readonly accepts?: readonly number[];
}

const answerMsMax = 60_000;

type Outside = Pick<World, "fetch" | "interrupted">;

/** One site, as the operator asks it. */
export class SiteClient {
  readonly site: ChosenSite;
  readonly #world: Outside;

  constructor(site: ChosenSite, world: Outside) {
    this.site = site;
    this.#world = world;
  }

  /** @throws CommandError for a refusal, with the site's own sentences; and where no such answer comes */
  async json<Told>(route: string, asked: Asked = {}): Promise<Told> {
    const response = await this.#answer(route, asked);
    const text = await this.#textOf(response);
    try {
      return JSON.parse(text) as Told;
    } catch (cause) {
      throw this.#notOurs(route, response, cause);
    }
  }

  /** As `json`, of an answer that is text. */
  async text(route: string, asked: Asked = {}): Promise<string> {
    return this.#textOf(await this.#answer(route, asked));
  }

  async #textOf(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (cause) {
      throw this.#unreachable(cause);
    }
  }

  async #answer(route: string, asked: Asked): Promise<Response> {
    const { origin, operatorPath, token } = this.site;
    if (token === undefined) throw noToken(origin);
    const url = new URL(`${operatorPath}/${route}`, origin);
    for (const [name, values] of Object.entries(asked.query ?? {})) {
      for (const value of [values ?? []].flat()) url.searchParams.append(name, value);
    }
    const init = {
      method: asked.method ?? "GET",
      headers: { authorization: `Bearer ${token}`, ...asked.headers },
      ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
      // A redirect would take the token elsewhere.
      redirect: "manual" as const,
      signal: AbortSignal.any([this.#world.interrupted, AbortSignal.timeout(answerMsMax)]),
    };
    const response = await this.#world.fetch(url, init).catch((cause: unknown) => {
      throw this.#unreachable(cause);
    });
    if (response.ok || asked.accepts?.includes(response.status)) return response;
    throw await this.#refusal(route, response);
  }

  #unreachable(cause: unknown) {
    if (this.#world.interrupted.aborted) return interruption("The site was not asked to the end.");
    const isLate = cause instanceof Error && cause.name === "TimeoutError";
    const said = isLate ? `No answer came within ${answerMsMax / 1_000} s` : reasonOf(cause);
    return failure(
      {
        what: `${this.site.origin} was not reached.`,
        why: `${said}.`,
        mend: "Check the address, and that the site is up.",
      },
      "unreachable",
      cause,
    );
  }

  async #refusal(route: string, response: Response) {
    const told = await response
      .json()
      .then((value) => (value as Partial<ToldError> | null)?.error)
      .catch(() => undefined);
    if (told === undefined || typeof told.what !== "string") return this.#notOurs(route, response);
    return failure({ what: told.what, why: told.why, mend: told.mend }, told.code);
  }

  #notOurs(route: string, { status, headers }: Response, cause?: unknown) {
    const { origin, operatorPath } = this.site;
    const location = URL.parse(headers.get("location") ?? "", origin);
    const isRedirect = status >= 300 && status < 400 && location !== null;
    const type = headers.get("content-type")?.split(";", 1)[0] ?? "no type";
    const why = isRedirect
      ? `It redirects to ${location.origin}, and the token goes to no other place.`
      : status === 404
        ? `It has nothing at ${operatorPath}/${route}.`
        : `Its answer (${status}, ${type}) is none of Tidemark's.`;
    const mend = isRedirect
      ? "Name the address that the site has itself."
      : "Check that Tidemark of this version stands before the site, that its ADMIN_TOKEN is set, and its operatorPath.";
    return failure(
      { what: `${origin} did not answer as Tidemark does.`, why, mend },
      "not-tidemark",
      cause,
    );
  }
}

function noToken(origin: string) {
  return usageError({
    what: "Nothing was sent.",
    why: `There is no token for ${origin}.`,
    mend: "Set TIDEMARK_TOKEN to its ADMIN_TOKEN, or store it with: tidemark profile set NAME --site URL.",
  });
}

/** What Node's fetch says of a failure lies in its cause. */
function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error ? (cause.cause ?? cause) : cause;
  if (!(inner instanceof Error)) return String(inner);
  const code = "code" in inner ? String(inner.code) : inner.name;
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: "Nothing listens there",
    ENOTFOUND: "There is no such host",
    EAI_AGAIN: "The name could not be looked up",
    ECONNRESET: "The connection was cut off",
    ETIMEDOUT: "The connection timed out",
    UND_ERR_CONNECT_TIMEOUT: "The connection timed out",
  };
  return known[code] ?? `The request failed with ${code}`;
}
