// Determines the site and the token of a command, from options, the environment or a profile.
import { CommandError, usageError } from "../command-error.ts";
import { exitCode } from "../exit-code.ts";
import type { World } from "../world.ts";
import { type SiteAddress, siteAddress } from "./address.ts";
import { ownText } from "./own-file.ts";
import { type Profile, type Profiles, readProfiles } from "./profiles.ts";
import { checkedToken } from "./token.ts";

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

type SiteWorld = Pick<World, "env" | "home">;

/**
 * Returns the site from the first of these that is set: `--site`, `--profile`, TIDEMARK_SITE,
 * TIDEMARK_PROFILE, the default profile, the only profile. The command sends a profile's token only
 * to that profile's site. TIDEMARK_TOKEN and TIDEMARK_TOKEN_FILE take precedence over a profile's token.
 *
 * @throws CommandError if no site is specified, or a setting is invalid
 */
export async function chosenSite(options: SiteOptions, where: SiteWorld): Promise<ChosenSite> {
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
  { env }: SiteWorld,
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
