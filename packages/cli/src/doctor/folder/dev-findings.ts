// Findings about `wrangler dev` over the database of a deployment, where its pages and purges would count.
import { isFault } from "../../../../../src/protocol/fault.ts";
import { type Env, textOf } from "../../../../../src/protocol/variables/bindings.ts";
import { databasesOf, databaseVariables } from "../../../../../src/protocol/variables/database.ts";
import { privateHost } from "../../../../../src/protocol/variables/secrets.ts";
import type { DoctorFinding } from "../finding.ts";
import { type Deployment, filesForDev, type FolderRead } from "./read-folder.ts";

/** The variables of `wrangler dev` for a deployment. */
interface Dev {
  /** The file that sets the database. */
  readonly name: string;
  readonly env: Env;
  /** Whether the file has a NAMESPACE, and whether Wrangler reads it there. */
  readonly namespace: { readonly isSet: boolean; readonly isRead: boolean };
}

/** Returns at most one finding for each file. */
export function devFindings(read: FolderRead): DoctorFinding[] {
  const found = read.deployments.flatMap((deployment) => {
    const dev = mayUseRedis(deployment, read) ? devOf(deployment, read) : undefined;
    return dev === undefined ? [] : sharing(dev, read);
  });
  return found.filter(({ about }, at) => found.findIndex((one) => one.about === about) === at);
}

/** Returns whether the Worker's code may use the database of the variables. */
function mayUseRedis({ main = "" }: Deployment, { mainTexts }: FolderRead): boolean {
  const text = mainTexts.get(main) ?? "";
  return !/\bdurableObjects\(/.test(text) || /\bupstash\b/.test(text);
}

/** Returns `undefined` if no file sets a database. */
function devOf({ environment, vars, requiredSecrets }: Deployment, read: FolderRead) {
  const { ofVars, ofEnv } = filesForDev(environment);
  const named = (name: string) => read.secretFiles.find((file) => file.name === name) ?? [];
  const first = ofVars.flatMap(named).slice(0, 1);
  const files = first.length === 0 ? ofEnv.flatMap(named) : first;
  const setting = files.findLast(({ secrets = {} }) => databaseNames.some((one) => one in secrets));
  if (setting === undefined) return undefined;
  const secrets: Env = Object.assign({}, ...files.map((file) => file.secrets));
  const isRead = (name: string) =>
    requiredSecrets === undefined || name in vars || requiredSecrets.includes(name);
  const used = Object.entries(secrets).filter(([name]) => isRead(name));
  return {
    name: setting.name,
    env: { ...vars, ...Object.fromEntries(used) },
    namespace: { isSet: "NAMESPACE" in secrets, isRead: isRead("NAMESPACE") },
  } satisfies Dev;
}

const databaseNames = Object.values(databaseVariables).flat();

function sharing({ name, env, namespace: own }: Dev, read: FolderRead): DoctorFinding | [] {
  const namespaceOf = (variables: Env) =>
    textOf(variables, "NAMESPACE") ?? read.config?.namespace ?? "tidemark";
  const namespace = namespaceOf(env);
  const secrets = read.secretFiles.flatMap((file) => (file.isForDev ? [] : (file.secrets ?? [])));
  const urls = remoteUrlsOf(env);
  const deployment = read.deployments.find(({ vars }) => {
    const deployed: Env = Object.assign({}, vars, ...secrets);
    // The file of a deployment's secrets is deleted after the deployment, and is then unknown.
    const known = databaseVariables.URL.flatMap((one) => hrefOf(textOf(deployed, one)));
    const isShared = known.length === 0 || urls.some((url) => known.includes(url));
    return isShared && namespaceOf(deployed) === namespace;
  });
  if (urls.length === 0 || deployment === undefined) return [];
  const { environment } = deployment;
  const whose =
    environment === undefined ? "production" : `environment ${JSON.stringify(environment)}`;
  const isIgnored = own.isSet && !own.isRead;
  return {
    code: "dev-shares-database",
    level: "warning",
    about: `the file ${name}`,
    what: `Visitors may get pages of wrangler dev, and its purges apply to ${whose}.`,
    cause: `${name} names a database, and ${isIgnored ? "Wrangler ignores its NAMESPACE, so the" : "the"} namespace ${JSON.stringify(namespace)} is also that of ${whose}.`,
    remedy: [
      ...(isIgnored ? [] : [`Write NAMESPACE=dev into ${name}.`]),
      ...(own.isRead
        ? []
        : [
            `Write "NAMESPACE": ${JSON.stringify(namespace)} under vars of the wrangler file: with secrets.required, Wrangler reads no other name from ${name}.`,
          ]),
    ].join(" "),
  };
}

/** Returns the addresses of databases on other machines. */
function remoteUrlsOf(env: Env): string[] {
  const { redis, journal } = databasesOf(env, []);
  const urls = [redis, journal].flatMap((one) =>
    one === undefined || isFault(one) ? [] : new URL(one.url),
  );
  return urls.filter(({ hostname }) => !privateHost.test(hostname)).map(({ href }) => href);
}

const hrefOf = (url: string | undefined) => URL.parse(url ?? "")?.href ?? [];
