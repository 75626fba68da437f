// What the command shows a site in the place of its ADMIN_TOKEN, which never leaves this machine: a token that is
// derived from it for this host and a minute, once the site has proved that it knows the ADMIN_TOKEN, too.
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

/** Longer than a request is on its way. Each request gets a token of its own. */
const tokenSeconds = 60;

interface Proven {
  readonly key: TokenKey;
  /** What the site's clock is ahead of this machine's. */
  readonly aheadMs: number;
}

export interface SiteCredentialSettings extends Pick<World, "nowAtMs"> {
  /** Of the site, as it is addressed. */
  readonly host: string;
  readonly adminToken: string;
  /** Sends the fields to the site's route `proof`. @throws CommandError where it does not answer so */
  readonly askProof: (fields: Readonly<Record<string, string>>) => Promise<OperatorAnswer<"proof">>;
  /** The error where the proof is wrong. */
  readonly notProven: () => Error;
}

/** Of one site. */
export class SiteCredential {
  readonly #settings: SiteCredentialSettings;
  #proven: Promise<Proven> | undefined;

  constructor(settings: SiteCredentialSettings) {
    this.#settings = settings;
  }

  /** @throws CommandError where the site has not proved itself; nothing that opens it was sent then */
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

  async #prove(): Promise<Proven> {
    const { host, adminToken, askProof, notProven, nowAtMs } = this.#settings;
    const key = await tokenKey(adminToken);
    const nonce = newNonce();
    const askedAtMs = nowAtMs();
    const told = await askProof({ [challengeField]: await challengeOf(key, host, nonce) });
    const { proof, atSeconds } = told;
    if (!(await isProof(key, proof, { host, nonce, atSeconds }))) throw notProven();
    return { key, aheadMs: atSeconds * 1_000 - (askedAtMs + nowAtMs()) / 2 };
  }
}
