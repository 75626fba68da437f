// Determines the site and the token of a command, from options, the environment or a profile.
import { CommandError, usageError, exitCode } from "../command-error.ts";
import type { World } from "../world.ts";
import { ownText, type Profile, type Profiles, readProfiles } from "./profiles.ts";

/** Options of every command that uses a site. */
export interface SiteOptions {
  readonly site?: string;
  readonly profile?: string;
  readonly operatorPath?: string;
}

export interface ChosenSite extends SiteAddress {
  /** `undefined` if none is set. */
  readonly token: string | undefined;
}

/**
 * Returns the site from the first of these that is set: `--site`, `--profile`, TIDEMARK_SITE,
 * TIDEMARK_PROFILE, the default profile, the only profile. The command sends a profile's token only
 * to that profile's site. TIDEMARK_TOKEN and TIDEMARK_TOKEN_FILE take precedence over a profile's token.
 *
 * @throws CommandError if no site is specified, or a setting is invalid
 */
export async function chosenSite(options: SiteOptions, where: World): Promise<ChosenSite> {
  const { env } = where;
  const profiles = await readProfiles(where);
  const named = namedSite(options, env);
  const given = givenOperatorPath(options, env);
  if (named !== undefined) {
    const { origin } = siteAddress({ ...named, operatorPath: given });
    const same = Object.values(profiles.profiles).find(({ site }) => isSame(site, origin));
    const operatorPath = given ?? same?.operatorPath;
    return withToken(siteAddress({ ...named, operatorPath }), same, where);
  }
  const { name, profile } = chosenProfile(options, env, profiles);
  const operatorPath = given ?? profile.operatorPath;
  const from = `The profile ${JSON.stringify(name)}`;
  return withToken(siteAddress({ site: profile.site, operatorPath, from }), profile, where);
}

/** Returns the path of `--operator-path`, or else of TIDEMARK_OPERATOR_PATH. */
export function givenOperatorPath({ operatorPath }: SiteOptions, env: World["env"]) {
  return operatorPath ?? (env["TIDEMARK_OPERATOR_PATH"] || undefined);
}

function namedSite({ site, profile }: SiteOptions, env: World["env"]) {
  if (site !== undefined && profile !== undefined) {
    throw usageError({
      what: "The options conflict.",
      why: "--site and --profile both specify a site.",
      hint: "Write only one of them.",
    });
  }
  if (site !== undefined) return { site, from: "--site" };
  const variable = env["TIDEMARK_SITE"];
  if (profile === undefined && variable) return { site: variable, from: "TIDEMARK_SITE" };
  return undefined;
}

function isSame(site: string, origin: string): boolean {
  return URL.parse(site)?.origin === origin;
}

function chosenProfile(
  options: SiteOptions,
  env: World["env"],
  { default: usual, profiles }: Profiles,
): { name: string; profile: Profile } {
  const names = Object.keys(profiles);
  const only = names.length === 1 ? names[0] : undefined;
  const name = options.profile ?? (env["TIDEMARK_PROFILE"] || undefined) ?? usual ?? only;
  const known = names.length === 0 ? "There are no profiles." : `Profiles: ${names.join(", ")}.`;
  if (name === undefined) {
    const fault = {
      what: "No site is specified.",
      why: `There is no --site, no TIDEMARK_SITE and no profile to use. ${known}`,
      hint: "Write --site https://www.example.com, or create a profile with: tidemark profile set NAME --site URL.",
    };
    // Commands that can also work without a site check for this code.
    throw new CommandError(fault, { exitCode: exitCode.usage, code: "no-site" });
  }
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile !== undefined) return { name, profile };
  throw usageError({
    what: "The site is unknown.",
    why: `There is no profile ${JSON.stringify(name)}. ${known}`,
    hint: `Create it with: tidemark profile set ${name} --site URL.`,
  });
}

async function withToken(
  address: SiteAddress,
  profile: Profile | undefined,
  { env }: World,
): Promise<ChosenSite> {
  const path = env["TIDEMARK_TOKEN_FILE"];
  if (env["TIDEMARK_TOKEN"]) {
    return { ...address, token: checkedToken(env["TIDEMARK_TOKEN"], "TIDEMARK_TOKEN") };
  }
  if (!path) {
    const token = profile?.token;
    return { ...address, token: token && checkedToken(token, "The token of the profile") };
  }
  const text = await ownText(path);
  if (text !== undefined) {
    return { ...address, token: checkedToken(text.trim(), "TIDEMARK_TOKEN_FILE") };
  }
  throw usageError({
    what: "TIDEMARK_TOKEN_FILE cannot be used.",
    why: `There is no file ${path}.`,
    hint: "Set it to a file of mode 600 with the ADMIN_TOKEN of the site.",
  });
}

/** The location of a site's operator routes. */
interface SiteAddress {
  /** Scheme and host, such as "https://www.example.com". */
  readonly origin: string;
  /** Without a final slash. */
  readonly operatorPath: string;
}

const localHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * @param given.from the source of the address, such as `--site`
 * @throws CommandError for an invalid address, and for one that would send a token in clear text
 */
export function siteAddress(given: {
  readonly site: string;
  readonly operatorPath: string | undefined;
  readonly from: string;
}): SiteAddress {
  const { site, operatorPath = "/_cache", from } = given;
  const url = URL.parse(site);
  const hint = "Write only scheme and host, such as https://www.example.com.";
  const refused = (why: string, right = hint) =>
    usageError({ what: `${from} is invalid.`, why, hint: right });
  // Errors below quote the address, so look for a password first, also in an invalid address.
  if (site.includes("@")) throw refused("The address contains a user name or a password.");
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refused(`${JSON.stringify(site.slice(0, 200))} is not an http or https URL.`);
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw refused(`${JSON.stringify(site.slice(0, 200))} contains more than scheme and host.`);
  }
  if (url.protocol === "http:" && !localHosts.has(url.hostname)) {
    throw refused(
      `${url.origin} has no TLS, so the token would travel in clear text.`,
      "Write https://. Only this machine's own addresses may be http.",
    );
  }
  if (!/^(?:\/[\w.~-]+)+$/.test(operatorPath)) {
    throw usageError({
      what: "The operator path is invalid.",
      why: `${JSON.stringify(operatorPath.slice(0, 80))} is not a path such as /_cache.`,
      hint: "Write the operatorPath of the site's configuration.",
    });
  }
  return { origin: url.origin, operatorPath };
}

/**
 * @param from the source of the token, such as `TIDEMARK_TOKEN`
 * @returns a valid value for a request field. @throws CommandError, which does not quote the token
 */
export function checkedToken(token: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw usageError({
    what: `${from} cannot be used.`,
    why:
      token === ""
        ? "It is empty."
        : "It contains a space, a line break or a character outside ASCII.",
    hint: "Pass only the ADMIN_TOKEN of the site.",
  });
}
