// The cookies that an answer sets.

export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** Scripts cannot read it, as with most sessions. */
  readonly isHttpOnly: boolean;
}

/** Cloudflare sets these itself, for each client, before the Worker. */
const ofCloudflare = /^(?:__cf|cf_|_cfuvid)/;

export function setCookies(headers: Headers): SetCookie[] {
  return headers.getSetCookie().flatMap((text) => {
    const [pair = "", ...attributes] = text.split(";");
    const at = pair.indexOf("=");
    const name = pair.slice(0, at).trim();
    if (at < 1 || ofCloudflare.test(name)) return [];
    const isHttpOnly = attributes.some((one) => one.trim().toLowerCase() === "httponly");
    return [{ name, value: pair.slice(at + 1).trim(), isHttpOnly }];
  });
}

const nameOfSecret = /sess|sid|token|auth|csrf|xsrf|login/i;
/** Shorter ones are choices, such as a language. */
const secretCharsMin = 16;

/** Does it look like something that one client alone should have? */
export function isOfOneClient({ name, value, isHttpOnly }: SetCookie): boolean {
  const isRandom = value.length >= secretCharsMin && /\d/.test(value) && /[a-z]/i.test(value);
  return isRandom && (isHttpOnly || nameOfSecret.test(name));
}
