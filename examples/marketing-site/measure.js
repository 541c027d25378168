// Stands for a program that measures visits. It knows nothing of choices: it only runs when it may.
document.cookie = "_example_visits=1; Max-Age=34128000; Path=/; SameSite=Lax";
sessionStorage.setItem("_example_path", location.hash);
document.documentElement.dataset.measured = String(Number(document.documentElement.dataset.measured || 0) + 1);
