// Findings about secrets: in the wrong place, readable by others, or incomplete.
import { type Fault, isFault } from "../../../../../src/protocol/fault.ts";
import { type Env, isSet } from "../../../../../src/protocol/variables/bindings.ts";
import { databasesOf, databaseVariables } from "../../../../../src/protocol/variables/database.ts";
import { hookOf, outwardOf } from "../../../../../src/protocol/variables/secret-variables.ts";
import {
  adminTokenOf,
  purgeSecretsOf,
  weakSettingsIn,
} from "../../../../../src/protocol/variables/secrets.ts";
import { type DoctorFinding, quoted } from "../finding.ts";
import { aboutOf, type Deployment, type FolderRead, type SecretFile } from "./read-folder.ts";

const secretNames = ["PURGE_SECRET", "ADMIN_TOKEN"];

/** Returns the names of the secrets that are set. */
function secretsAmong(env: Env): string[] {
  const named = Object.keys(env).filter((name) => hookOf(name) ?? outwardOf(name));
  const names = [...databaseVariables.TOKEN, ...secretNames, ...named];
  return names.filter((name) => isSet(env, name));
}

export function secretsInVars(deployment: Deployment): DoctorFinding | [] {
  const names = secretsAmong(deployment.vars);
  if (names.length === 0) return [];
  return {
    code: "secret-in-vars",
    level: "critical",
    ...aboutOf(deployment),
    what: "Everyone who can read the wrangler file or the dashboard can purge, or read the database.",
    cause: `vars has ${quoted(names)} in clear text.`,
    remedy:
      "Remove each from vars, create a new secret, and set it with: npx wrangler secret bulk secrets.json",
  };
}

export function secretFileFindings(read: FolderRead): DoctorFinding[] {
  const { secretFiles, deployments } = read;
  return secretFiles.flatMap((file) => {
    const environment = /^\.dev\.vars\.(.+)$/.exec(file.name)?.[1];
    const deployment = deployments.find((one) => one.environment === environment);
    // A file such as .env.local may complete another one.
    const isPart = file.name.startsWith(".env");
    return [exposed(file), empty(file), isPart ? [] : partlySet(file, deployment)].flat();
  });
}

function exposed({ name, isForDev, isOpen, isIgnored, secrets }: SecretFile): DoctorFinding[] {
  if (secrets !== undefined && secretsAmong(secrets).length === 0) return [];
  const about = `the file ${name}`;
  const notIgnored: DoctorFinding = {
    code: "secret-file-not-ignored",
    level: "critical",
    about,
    what: "The next commit may publish the secrets.",
    cause: `Git does not ignore ${name}, or already contains it.`,
    remedy: `Add ${name} to .gitignore. If it was committed, create new secrets.`,
  };
  const open: DoctorFinding = {
    code: "secret-file-open",
    // A leaked secret for development does less harm.
    level: isForDev ? "info" : "warning",
    about,
    what: "Other users of this machine can read the secrets.",
    cause: `The mode of ${name} allows other users to read it.`,
    remedy: `Run chmod 600 ${name}, and delete it once the secrets are set.`,
  };
  return [...(isIgnored === false ? [notIgnored] : []), ...(isOpen ? [open] : [])];
}

/** Finds secrets that a deployment would set to nothing. In development, each secret is optional. */
function empty({ name, isForDev, secrets = {} }: SecretFile): DoctorFinding[] {
  if (isForDev) return [];
  return secretNames
    .filter((secret) => secret in secrets && !isSet(secrets, secret))
    .map((secret) => ({
      code: "secret-not-usable",
      level: "warning",
      about: `the file ${name}`,
      what: `The Worker gets no ${secret}.`,
      cause: `${secret} is empty in ${name}.`,
      remedy: `Fill in ${secret}, or remove its line.`,
    }));
}

function partlySet(
  { name, secrets }: SecretFile,
  deployment: Deployment | undefined,
): DoctorFinding | DoctorFinding[] {
  const about = `the file ${name}`;
  if (secrets === undefined) {
    return {
      code: "secret-not-usable",
      level: "warning",
      about,
      what: "None of its secrets can be set.",
      cause: `${name} is not a JSON object.`,
      remedy: "Write one object, with a string for each secret.",
    };
  }
  const env: Env = { ...deployment?.vars, ...secrets };
  const isBesideObjects = (deployment?.durableObjects.length ?? 0) > 0;
  const ofPurges: Fault[] = [];
  purgeSecretsOf(env, ofPurges);
  const ofDatabases: Fault[] = [];
  const ofDatabase = [...databaseVariables.URL, ...databaseVariables.TOKEN];
  const database = ofDatabase.some((one) => isSet(secrets, one))
    ? databasesOf(env, ofDatabases).redis
    : undefined;
  const unused =
    isFault(database) && isBesideObjects
      ? { ...database, what: "The database is not used." }
      : database;
  const each = [adminTokenOf(env), unused];
  const unusable = [...ofPurges, ...ofDatabases, ...each.filter(isFault)];
  const finding = (code: DoctorFinding["code"], { what, why, hint }: Fault): DoctorFinding => ({
    code,
    level: "warning",
    about,
    what,
    cause: why,
    remedy: hint,
  });
  return [
    ...unusable.map((fault) =>
      finding(fault.why.endsWith("is not set.") ? "secret-half-set" : "secret-not-usable", fault),
    ),
    ...weakSettingsIn(env).map((fault) => finding("secret-weak", fault)),
  ];
}
