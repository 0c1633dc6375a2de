import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { djangoPython } from "../host/migrationBench";
import type { Row } from "../sampleDump";

/**
 * Puts an application into the source whose rows are hard to load, and has Django itself write its
 * migration and, on a copy, the dump of a site that has lived with it.
 *
 * @returns the dump, as dumpdata --natural-foreign wrote it
 */
export async function makeZooDump(source: string): Promise<Row[]> {
  const python = await djangoPython();
  mkdirSync(join(source, "zoo"));
  writeFileSync(join(source, "zoo/__init__.py"), "");
  writeFileSync(join(source, "zoo/models.py"), models);
  const old = mkdtempSync(join(tmpdir(), "tracks-zoo-"));
  const manage = (...words: string[]): string =>
    execaSync(python, ["manage.py", ...words], { cwd: old }).stdout;
  try {
    for (const part of ["manage.py", "roasted", "tracks", "zoo"])
      cpSync(join(source, part), join(old, part), { recursive: true });
    writeFileSync(
      join(old, "tracks/settings/base.py"),
      `${readFileSync(join(old, "tracks/settings/base.py"), "utf8")}\nINSTALLED_APPS += ["zoo"]\n`,
    );
    manage("makemigrations", "-v", "0", "zoo");
    cpSync(join(old, "zoo/migrations"), join(source, "zoo/migrations"), { recursive: true });
    manage("migrate", "-v", "0");
    manage("shell", "-c", life);
    return JSON.parse(manage("dumpdata", "--natural-foreign", ...zooModels)) as Row[];
  } finally {
    rmSync(old, { recursive: true });
  }
}

/** Those of the dump; the many-to-many table without a model of its own goes with its row. */
export const zooModels = ["auth.user", "zoo"];

const models = `from django.conf import settings
from django.db import models
from django.db.models.signals import post_save
from django.dispatch import receiver


class SpeciesManager(models.Manager):
    def get_by_natural_key(self, name):
        return self.get(name=name)


class Species(models.Model):
    name = models.CharField(max_length=40, unique=True)
    objects = SpeciesManager()

    def natural_key(self):
        return (self.name,)


class Animal(models.Model):
    name = models.CharField(max_length=40)
    species = models.ForeignKey(Species, on_delete=models.CASCADE)
    # Whose number is higher than its own, too.
    mother = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)
    friends = models.ManyToManyField("self", through="Friendship")
    seen = models.DateTimeField(auto_now=True)


class Mammal(Animal):
    legs = models.IntegerField()


class Friendship(models.Model):
    one = models.ForeignKey(Animal, related_name="+", on_delete=models.CASCADE)
    other = models.ForeignKey(Animal, related_name="+", on_delete=models.CASCADE)
    since = models.DateField()


class Keeper(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    motto = models.TextField()
    wards = models.ManyToManyField(Mammal)


@receiver(post_save, sender=settings.AUTH_USER_MODEL)
def make_keeper(sender, instance, created, **kwargs):
    if created:
        Keeper.objects.create(user=instance, motto="new here")
`;

/** Keepers get keys that are not their users'; a child is older than its mother's row. */
const life = `
from django.contrib.auth.models import User
from zoo.models import *
users = [User.objects.create_user("keeper%d" % n, password="sesame") for n in range(3)]
users[0].delete()
for user in users[1:]:
    user.keeper.motto = "feeds \\u263a " + user.username
    user.keeper.save()
lion, ox = [Species.objects.create(name=name) for name in ("lion", "ox, musk")]
simba = Mammal.objects.create(name="Simba", species=lion, legs=4)
sarabi = Mammal.objects.create(name="Sarabi", species=lion, legs=4)
fish = Animal.objects.create(name="Wanda", species=ox)
simba.mother = sarabi
simba.save()
fish.mother = fish
fish.save()
Friendship.objects.create(one=simba, other=fish, since="1999-12-31")
users[2].keeper.wards.add(simba)
`;
