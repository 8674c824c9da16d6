"""release.yml: a tag becomes a release; each job has only the rights that it needs.

Nothing is published before every test has passed and every file is attested: the release is a draft
until the last step, because GitHub can make a published one immutable. No job uses a cache, which
other workflows could have written.
"""

from cdc_perf.ci.calls import Given, task_step
from cdc_perf.ci.checks import check_jobs
from cdc_perf.ci.model import (
    TRUSTED_ARM_RUNNER,
    TRUSTED_RUNNER,
    Job,
    Level,
    Permission,
    Run,
    Step,
    Triggers,
    Uses,
    Workflow,
    expression,
)
from cdc_perf.ci.pins import ATTEST, UPLOAD
from cdc_perf.ci.project import CiProject
from cdc_perf.ci.steps import READS_CODE, checkout, download, python
from cdc_perf.publish.github import TOKEN
from cdc_perf.release.assets import CHECKSUMS
from cdc_perf.release.images import DOCKERFILES, REGISTRY

FILE = "release.yml"
_TAG = Given("TAG", expression("github.ref_name"))
_REPOSITORY = Given("REPOSITORY", expression("github.repository"))
_FOLDER = "dist"
_NOTES = "notes.md"
# Artifacts of a workflow run, which the next jobs download and no person needs later.
_K6, _IMAGE, _INDEX, _ASSETS = "release-k6", "release-image", "release-index", "release-assets"
_DAYS = 1
_MINUTES, _BUILD_MINUTES = 15, 60
_PUSHES = Permission("packages", Level.WRITE, "pushes the images")


def release(project: CiProject) -> Workflow:
    """Return the workflow that makes a release of a tag."""
    tests = check_jobs(project, cached=False)
    images = {
        f"image-{architecture}": _image(project, architecture, runner)
        for architecture, runner in (("amd64", TRUSTED_RUNNER), ("arm64", TRUSTED_ARM_RUNNER))
    }
    return Workflow(
        name="Release",
        triggers=Triggers(tags="v*"),
        group=expression("github.workflow"),
        jobs={
            "check": _check(project),
            **tests,
            "k6": _k6(project),
            **images,
            "index": _index(project, tuple(images)),
            "assets": _assets(project),
            "attest": _attest((*tests, "assets")),
            "publish": _publish(),
        },
    )


def _check(project: CiProject) -> Job:
    return Job(
        name="Check",
        timeout_minutes=_MINUTES,
        permissions=(READS_CODE,),
        runner=TRUSTED_RUNNER,
        steps=(
            *_begin(project),
            task_step(
                project,
                "Check that version, tag, changelog, and locks agree",
                project.tasks.release_check,
                tag=_TAG,
            ),
        ),
    )


def _k6(project: CiProject) -> Job:
    return Job(
        name="k6",
        needs=("check",),
        timeout_minutes=_BUILD_MINUTES,
        permissions=(READS_CODE,),
        runner=TRUSTED_RUNNER,
        steps=(
            *_begin(project),
            task_step(
                project,
                "Build k6 twice for each platform",
                project.tasks.release_k6,
                tag=_TAG,
                repository=_REPOSITORY,
            ),
            _upload(_K6, f"{_FOLDER}/\nrequirements/release.json\n"),
        ),
    )


def _image(project: CiProject, architecture: str, runner: str) -> Job:
    return Job(
        name=f"Images, {architecture}",
        needs=("check",),
        timeout_minutes=_BUILD_MINUTES,
        permissions=(READS_CODE, _PUSHES),
        runner=runner,
        steps=(
            *_begin(project),
            *_with_registry(),
            *(
                task_step(
                    project,
                    f"Build and push the image {name}",
                    project.tasks.release_image,
                    name=name,
                    repository=_REPOSITORY,
                )
                for name in DOCKERFILES
            ),
            _upload(f"{_IMAGE}-{architecture}", f"{_FOLDER}/"),
        ),
    )


def _index(project: CiProject, images: tuple[str, ...]) -> Job:
    return Job(
        name="Image index",
        needs=images,
        timeout_minutes=_MINUTES,
        permissions=(READS_CODE, _PUSHES),
        runner=TRUSTED_RUNNER,
        steps=(
            *_begin(project),
            _download(f"{_IMAGE}-*", _FOLDER),
            *_with_registry(),
            task_step(
                project,
                "Give the images of all platforms one name",
                project.tasks.release_index,
                tag=_TAG,
                repository=_REPOSITORY,
            ),
            _upload(_INDEX, f"{_FOLDER}/images.json"),
        ),
    )


def _assets(project: CiProject) -> Job:
    return Job(
        name="Assets",
        needs=("k6", "index"),
        timeout_minutes=_BUILD_MINUTES,
        permissions=(READS_CODE,),
        runner=TRUSTED_RUNNER,
        steps=(
            *_begin(project),
            _download(_K6, "."),
            _download(_INDEX, _FOLDER),
            task_step(
                project,
                "Build the wheel, the bills of materials, and the checksums",
                project.tasks.release_assets,
            ),
            Run(
                "Write the notes",
                f'exec inv release.notes "$TAG" > {_NOTES}',
                {_TAG.variable: _TAG.expression},
            ),
            _upload(_ASSETS, f"{_FOLDER}/\n{_NOTES}\n"),
        ),
    )


def _attest(needs: tuple[str, ...]) -> Job:
    return Job(
        name="Attest",
        needs=needs,
        timeout_minutes=_MINUTES,
        permissions=(
            Permission("id-token", Level.WRITE, "signs as this workflow"),
            Permission("attestations", Level.WRITE, "stores the provenance"),
        ),
        runner=TRUSTED_RUNNER,
        steps=(
            _download(_ASSETS, "."),
            Uses(
                "Attest the provenance of every asset",
                ATTEST,
                {"subject-checksums": f"{_FOLDER}/{CHECKSUMS}"},
            ),
        ),
    )


def _publish() -> Job:
    env = {
        "TAG": _TAG.expression,
        "GH_TOKEN": expression("github.token"),
        "GH_REPO": _REPOSITORY.expression,
    }
    draft = f'gh release create "$TAG" --draft --verify-tag --title "$TAG" --notes-file {_NOTES}'
    return Job(
        name="Publish",
        needs=("attest",),
        timeout_minutes=_MINUTES,
        permissions=(Permission("contents", Level.WRITE, "creates the release"),),
        runner=TRUSTED_RUNNER,
        steps=(
            _download(_ASSETS, "."),
            # A job that is started again finds the draft of the first one.
            Run("Create the draft", f'gh release view "$TAG" || {draft}', env),
            Run("Add the assets", f'gh release upload "$TAG" {_FOLDER}/* --clobber', env),
            Run("Publish it", 'gh release edit "$TAG" --draft=false', env),
        ),
    )


def _begin(project: CiProject) -> tuple[Step, ...]:
    return (checkout(), *python(project.pythons[0], "perf", cached=False))


def _with_registry() -> tuple[Step, ...]:
    """Return the steps that log in to the registry, and start a builder that can push a digest."""
    given = {TOKEN: expression("github.token"), "ACTOR": expression("github.actor")}
    return (
        Run(
            "Log in to the registry",
            f'printf %s "${TOKEN}" | docker login {REGISTRY} --username "$ACTOR" --password-stdin',
            given,
        ),
        Run("Start a builder", "docker buildx create --use"),
    )


def _upload(name: str, path: str) -> Uses:
    return Uses(
        f"Keep {name} for the next jobs",
        UPLOAD,
        {
            "name": name,
            "path": path,
            "if-no-files-found": "error",
            "retention-days": _DAYS,
            "overwrite": True,
        },
    )


def _download(pattern: str, path: str) -> Uses:
    return download(f"Fetch {pattern}", pattern, path)
