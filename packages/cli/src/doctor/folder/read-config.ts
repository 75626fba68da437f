// Loads the configuration of a folder, as its Worker does at the upload.
import { basename } from "node:path";
import { type Fault, faultOf } from "../../../../../src/protocol/fault.ts";
import { configIn } from "../../start/config-file.ts";

/** The configuration of a folder. */
export interface ConfigRead {
  /** The name of its file. */
  readonly name: string;
  /** The option `namespace`; `undefined` if the file was not loaded. */
  readonly namespace?: string;
  /** Why a Worker with it does not start; `undefined` if one would. */
  readonly fault?: Fault;
  /** Why it was not loaded; `undefined` if it was. */
  readonly unread?: string;
}

/** Returns `undefined` if the folder has no configuration. */
export async function readConfig(folder: string): Promise<ConfigRead | undefined> {
  const path = configIn(folder);
  if (path === undefined) return undefined;
  const name = basename(path);
  let isFound = false;
  try {
    // They need wrangler, which a folder without a site may lack.
    const { libraryIn } = await import("../../start/project-library.ts");
    const { loadConfig } = await import("../../../../../local/load-config.ts");
    const library = libraryIn(folder);
    isFound = true;
    const { namespace } = await loadConfig(path, { library });
    return { name, namespace };
  } catch (cause) {
    const fault = faultOf(cause);
    if (fault === undefined) throw cause;
    return isFound ? { name, fault } : { name, unread: fault.why };
  }
}
