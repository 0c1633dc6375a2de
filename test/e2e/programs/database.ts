import { PostgresDatabase } from "../../../components/PostgresDatabase";
import { planPostgres, postgresQuestion } from "../../../components/postgres/plan";
import { loadConfiguration } from "../../../config";
import type { PostgresSettings } from "../../../config/postgres";
import { Secret } from "../../../config/secret";
import { Host } from "../../../host/Host";
import { preflight } from "../../../host/preflight";

/** Settings that a test gives in the environment, passwords in plain. */
interface Given extends Omit<PostgresSettings, "password" | "provisioningPassword" | "external"> {
  password?: string;
  external?: Omit<NonNullable<PostgresSettings["external"]>, "adminPassword"> & {
    adminPassword: string;
  };
}

function settings(): PostgresSettings {
  const { password, external, ...others } = JSON.parse(
    process.env["TEST_DATABASE"] ?? "{}",
  ) as Given;
  return {
    ...others,
    ...(password === undefined ? {} : { password: new Secret(password) }),
    ...(external === undefined
      ? {}
      : { external: { ...external, adminPassword: new Secret(external.adminPassword) } }),
  };
}

/** Nothing but a database, on one host. */
export = async () => {
  const config = loadConfiguration();
  const given = settings();
  const facts = await preflight(config.connection, {
    survey: { ...config.survey, database: postgresQuestion(given) },
  });
  const host = new Host("host", { connection: config.connection, facts });
  const plan = await planPostgres(config.connection, facts, given);
  const { connection } = new PostgresDatabase("database", { host, plan });
  return { connection };
};
