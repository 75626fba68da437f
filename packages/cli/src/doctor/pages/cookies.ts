// Reads the cookies that a response sets.

export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** Whether the cookie is hidden from scripts, as most session cookies are. */
  readonly isHttpOnly: boolean;
}

/** Cookies that Cloudflare, and not the Worker, sets for each client. */
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
/** Shorter values are usually settings, such as a language. */
const secretCharsMin = 16;

/** Returns whether the cookie looks like a session or another secret of one client. */
export function isOfOneClient({ name, value, isHttpOnly }: SetCookie): boolean {
  const isRandom = value.length >= secretCharsMin && /\d/.test(value) && /[a-z]/i.test(value);
  return isRandom && (isHttpOnly || nameOfSecret.test(name));
}
