import { connection } from "next/server";
import { titleOf } from "../../data.js";

export const fetchCache = "default-cache";

export default async function Page() {
  await connection();
  return <output>{await titleOf("default-cache")}</output>;
}
