import { connection } from "next/server";
import { titleOf } from "../../data.js";

export const fetchCache = "force-cache";

export default async function Page() {
  await connection();
  return <output>{await titleOf("force-cache")}</output>;
}
