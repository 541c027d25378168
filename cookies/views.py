"""Cookies for visitors: the list with its form, which needs no JavaScript, and the script. A GET only shows."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_http_methods, require_safe

from cookies import banner, braking, choices, gpc, linking, publishing, stored, telling, withdrawing
from cookies.models import SiteVersion
from cookies.stored import Stored

WEEK = 7 * 24 * 3600


@require_safe
@cache_control(public=True, max_age=3600)
def gpc_json(request: HttpRequest) -> JsonResponse:
    """That we keep to the signal (W3C Global Privacy Control, section 3)."""
    return JsonResponse({"gpc": True, "lastUpdate": gpc.LAST_UPDATE.isoformat()})


@require_safe
def sites(request: HttpRequest) -> HttpResponse:
    found = list(SiteVersion.objects.filter(superseded_at=None).select_related("site").order_by("site__name"))
    if len(found) == 1:
        return redirect("cookies:page", found[0].site.slug)
    return render(request, "cookies/sites.html", {"versions": found})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Every cookie of a site, and the visitor's choice about them."""
    version = publishing.current(slug)
    kept = stored.read(request.COOKIES.get(version.site.cookie_name, ""))
    domain = stored.domain_for(version.site, request.get_host())
    if request.method == "POST" and domain is not None:
        response = _choose(request, version, kept, domain)
    else:
        response = _show(request, version, kept, domain)
    patch_vary_headers(response, ["Sec-GPC", "Cookie"])
    return response


@gzip_page
@require_safe
@cache_control(public=True, max_age=300, stale_if_error=WEEK)
@condition(etag_func=lambda request, slug: f'"{publishing.current(slug).sha256[:32]}-{banner.revision()}"')
def script(request: HttpRequest, slug: str) -> HttpResponse:
    """The banner. Public as the register is, and meant for other origins' pages."""
    text = banner.script(publishing.current(slug))
    headers = {"Cross-Origin-Resource-Policy": "cross-origin"}
    return HttpResponse(text, content_type="text/javascript; charset=utf-8", headers=headers)


def _choose(request: HttpRequest, version: SiteVersion, kept: Stored | None, domain: str) -> HttpResponse:
    braking.brake(request)
    ids = [group["id"] for group in choices.optional(version)]
    everything = {"all": True, "none": False}.get(request.POST.get("choose", ""))
    wanted = {id: request.POST.get(id) == "yes" if everything is None else everything for id in ids}
    signal = gpc.is_on(request)
    row, ended = choices.on_page(version, kept, wanted=wanted, is_gpc=signal, now=timezone.now())
    left = telling.undeletable(version, ended)
    response = _show(request, version, stored.read(stored.of(row)), domain, saved=True, left=left)
    withdrawing.write(request, response, version, row, domain, ended)
    return response


def _show(
    request: HttpRequest, version: SiteVersion, kept: Stored | None, domain: str | None, **more: Any
) -> HttpResponse:
    signal = gpc.is_on(request)
    # What its person ended elsewhere is over here too; the browser's own cookie is only written by a choice.
    over = linking.ended_elsewhere(version.site, kept.consent_id) if kept and kept.granted else []
    shown = kept.without(over) if kept else None
    context = {
        "version": version,
        "site": version.site,
        "groups": telling.groups(version, shown, is_gpc=signal),
        "over": telling.titles(version, over),
        "kept": shown,
        "is_gpc": signal,
        "can_choose": domain is not None,
        **more,
    }
    return render(request, "cookies/page.html", context)
