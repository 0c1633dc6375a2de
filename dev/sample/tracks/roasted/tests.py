import re
import shutil
import tempfile

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase, override_settings
from django.urls import reverse

from .models import RedirectHit, Target, Upload
from .version import VERSION


class PagesTest(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.target = Target.objects.create(name="wiki", url="https://wiki.example.org/?a=1&b=2")

    def test_following_a_link_redirects_and_counts(self):
        response = self.client.get("/go/wiki/", HTTP_REFERER="https://mail.example.org/")
        self.assertRedirects(response, self.target.url, fetch_redirect_response=False)
        hit = RedirectHit.objects.get()
        self.assertEqual((hit.target, hit.count), (self.target, 1))
        self.assertEqual(hit.referrer, "https://mail.example.org/")

    def test_a_link_that_does_not_exist_counts_nothing(self):
        self.assertEqual(self.client.get("/go/nowhere/").status_code, 404)
        self.assertFalse(RedirectHit.objects.exists())

    def test_the_list_sums_up_the_hits(self):
        Target.objects.create(name="unused", url="https://unused.example.org/")
        for count in (40, 2):
            RedirectHit.objects.create(target=self.target, count=count)
        targets = self.client.get("/").context["target_list"]
        self.assertEqual([(t.name, t.hit_count) for t in targets], [("unused", 0), ("wiki", 42)])

    def test_the_database_answers_for_health(self):
        expected = {"status": "ok", "version": VERSION, "targets": 1}
        self.assertEqual(self.client.get("/healthz/").json(), expected)

    def test_code_and_templates_are_of_one_version(self):
        page = self.client.get("/about/").content.decode()
        versions = re.search(r"code (\S+), templates (\S+)<", page).groups()
        self.assertEqual(versions, (VERSION, VERSION))


class UploadTest(TestCase):
    def setUp(self):
        media = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, media)
        settings = override_settings(MEDIA_ROOT=media)
        settings.enable()
        self.addCleanup(settings.disable)

    def upload(self, name):
        return self.client.post(reverse("upload"), {"file": SimpleUploadedFile(name, b"beans")})

    def test_an_upload_is_kept_and_shown(self):
        self.assertRedirects(self.upload("beans.txt"), reverse("upload"))
        with Upload.objects.get().file.open() as file:
            self.assertEqual(file.read(), b"beans")
        self.assertContains(self.client.get(reverse("upload")), "/media/uploads/beans.txt")

    def test_what_a_browser_would_run_is_refused(self):
        self.assertContains(self.upload("beans.html"), "not allowed")
        self.assertFalse(Upload.objects.exists())
