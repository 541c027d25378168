"""GET notices/privacy-policy/: the notice in force on a day, for websites that show or cite it."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView
from notices import published
from notices.models import PrivacyNotice


class DayQuery(serializers.Serializer):
    on = serializers.DateField(required=False)
    locale = serializers.CharField(required=False, max_length=10, default=published.LOCALE)


class NoticeSerializer(serializers.ModelSerializer):
    class Meta:
        model = PrivacyNotice
        fields = ["version", "effective_from", "html", "sha256"]


class PrivacyPolicyView(ApiView):
    """Public: people may read it without a key. Links in `html` are relative to this site."""

    authentication_classes: list = []
    permission_classes: list = []

    @extend_schema(parameters=[DayQuery], responses=NoticeSerializer)
    def get(self, request: Request) -> Response:
        query = DayQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        on = query.validated_data.get("on") or published.local_date(timezone.now())
        notice = published.current(on, query.validated_data["locale"])
        return Response(NoticeSerializer(notice).data)
