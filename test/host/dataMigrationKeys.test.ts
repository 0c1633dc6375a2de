import { afterEach, beforeEach, expect, test } from "vitest";
import type { Row } from "../sampleDump";
import { MigrationBench } from "./migrationBench";

/** References by natural keys, as `dumpdata --natural-foreign` writes them, and Django's loaddata takes them. */
let bench: MigrationBench;
beforeEach(async () => {
  bench = await MigrationBench.create();
  bench.install("shelves", {
    models: `
class ByName(models.Manager):
    def get_by_natural_key(self, name):
        return self.get(name=name)


class Shelf(models.Model):
    name = models.CharField(max_length=20, unique=True)
    above = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
    beside = models.ManyToManyField("self", symmetrical=False)
    objects = ByName()


class Book(models.Model):
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE)
`,
    tables: `
CREATE TABLE shelves_shelf (id integer PRIMARY KEY, name varchar(20) NOT NULL UNIQUE, above_id integer
  REFERENCES shelves_shelf(id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE shelves_shelf_beside (id integer PRIMARY KEY, from_shelf_id integer NOT NULL
  REFERENCES shelves_shelf(id), to_shelf_id integer NOT NULL REFERENCES shelves_shelf(id));
CREATE TABLE shelves_book (id integer PRIMARY KEY, shelf_id integer NOT NULL
  REFERENCES shelves_shelf(id) DEFERRABLE INITIALLY DEFERRED);
`,
  });
}, 300_000);
afterEach(() => {
  bench.remove();
});

const shelf = (pk: number, name: string, above: string[] | null, beside: string[][] = []): Row => ({
  model: "shelves.shelf",
  pk,
  fields: { name, above, beside },
});

test("are found among earlier rows, also of the same model, and among later ones", async () => {
  const rows = [
    shelf(7, "low", ["top"]),
    shelf(8, "top", null),
    shelf(9, "middle", ["top"], [["low"], ["top"]]),
    ...["low", "middle", "low"].map((name, index) => ({
      model: "shelves.book",
      pk: index + 1,
      fields: { shelf: [name] },
    })),
  ];
  const run = await bench.load(JSON.stringify(rows));
  expect(run.stderr).toBe("");
  expect(bench.query("SELECT id, above_id FROM shelves_shelf ORDER BY 1")).toEqual([
    [7, 8],
    [8, null],
    [9, 8],
  ]);
  expect(bench.query("SELECT shelf_id FROM shelves_book ORDER BY id")).toEqual([[7], [9], [7]]);
  expect(bench.query("SELECT to_shelf_id FROM shelves_shelf_beside ORDER BY 1")).toEqual([
    [7],
    [8],
  ]);
});
