from .version import VERSION


def version(request):
    return {"code_version": VERSION}
