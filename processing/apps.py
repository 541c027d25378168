from django.apps import AppConfig


class ProcessingConfig(AppConfig):
    name = "processing"

    def ready(self) -> None:
        from processing import automated, examinations  # models must be loaded first

        examinations.register_all()
        automated.register()
