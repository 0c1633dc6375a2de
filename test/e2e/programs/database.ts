import { PostgresDatabase } from "../../../components/PostgresDatabase";
import { planPostgres, postgresQuestion } from "../../../preflight/database/plan";
import { inStackKeys } from "../../../settings/argumentKeys";
import { loadConfiguration } from "../../../settings/configuration";
import type { DatabaseServer } from "../../../components/args/PostgresDatabase";
import { Secret } from "../../../host/secret";
import { Host } from "../../../host/Host";
import { examineHost } from "../../../preflight/host/examineHost";
import { surveyQuestions } from "../../../preflight/questions";

/** Settings that a test gives in the environment, passwords in plain. */
type Given = Partial<DatabaseServer<string>>;

function settings(): DatabaseServer<Secret> {
  const { password, external, ...others } = JSON.parse(
    process.env["TEST_DATABASE"] ?? "{}",
  ) as Given;
  return {
    ...{ database: "tracks", user: "deployer" },
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
  const facts = await examineHost(config.connection, {
    survey: { ...surveyQuestions(config), database: postgresQuestion(given) },
  });
  const host = new Host("host", { connection: config.connection, facts });
  const database = await planPostgres(config.connection, facts, given, inStackKeys);
  const { connection } = new PostgresDatabase("database", { host, ...database });
  return { connection };
};
