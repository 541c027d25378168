"""The baseline: a bare DRF view with one INSERT, on the same server, in the same process, with the same middleware."""

from django.db import connection
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Bare(APIView):
    """No key, no check, no key material: what the framework and one durable row cost."""

    authentication_classes: list = []
    permission_classes: list = []

    def post(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO benchmark_row (text) VALUES (%s) RETURNING id", [request.data["text"]])
            return Response({"id": cursor.fetchone()[0]}, status=201)


urlpatterns = [path("benchmark/bare/", Bare.as_view()), path("", include("kraken_privacy.urls"))]
