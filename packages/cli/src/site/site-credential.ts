// Derives short-lived tokens from the ADMIN_TOKEN, which never leaves this machine. A token is valid for one
// host and one minute. The command sends it only after the site has proved that the site also knows the
// ADMIN_TOKEN.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import {
  challengeField,
  challengeOf,
  derivedToken,
  isProof,
  newNonce,
  tokenKey,
  type TokenKey,
  type TokenScope,
} from "../../../../src/protocol/operator-token.ts";
import type { World } from "../world.ts";

/**
 * The lifetime of a token, which is at least the timeout of a request. Each request gets its own
 * token.
 */
const tokenSeconds = 60;

interface ProvenSite {
  readonly key: TokenKey;
  /** The site's clock minus this machine's clock. */
  readonly aheadMs: number;
}

export interface SiteCredentialSettings extends Pick<World, "nowAtMs"> {
  /** The host in the site's address. */
  readonly host: string;
  readonly adminToken: string;
  /** Sends the fields to the site's route `proof`. @throws CommandError for another answer */
  readonly askProof: (fields: Readonly<Record<string, string>>) => Promise<OperatorAnswer<"proof">>;
  /** Creates the error for a wrong proof. */
  readonly notProven: () => Error;
}

/** The credential for one site. */
export class SiteCredential {
  readonly #settings: SiteCredentialSettings;
  #proven: Promise<ProvenSite> | undefined;

  constructor(settings: SiteCredentialSettings) {
    this.#settings = settings;
  }

  /** @throws CommandError if the site has not proved itself; the command then sent no token */
  async token(scope: TokenScope): Promise<string> {
    const { host, nowAtMs } = this.#settings;
    this.#proven ??= this.#prove().catch((cause: unknown) => {
      this.#proven = undefined;
      throw cause;
    });
    const { key, aheadMs } = await this.#proven;
    const expiresAtSeconds = Math.floor((nowAtMs() + aheadMs) / 1_000) + tokenSeconds;
    return derivedToken(key, { scope, host, expiresAtSeconds });
  }

  async #prove(): Promise<ProvenSite> {
    const { host, adminToken, askProof, notProven, nowAtMs } = this.#settings;
    const key = await tokenKey(adminToken);
    const nonce = newNonce();
    const askedAtMs = nowAtMs();
    const answer = await askProof({ [challengeField]: await challengeOf(key, host, nonce) });
    const { proof, atSeconds } = answer;
    if (!(await isProof(key, proof, { host, nonce, atSeconds }))) throw notProven();
    return { key, aheadMs: atSeconds * 1_000 - (askedAtMs + nowAtMs()) / 2 };
  }
}
