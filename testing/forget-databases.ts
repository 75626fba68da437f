// Removes the fake databases at the end of each test file. vitest.config.ts names it as a set-up
// file.
import { afterAll } from "vitest";
import { forgetDatabases } from "./databases.ts";

afterAll(forgetDatabases);
