// Warns before a session ends. Without this file it ends all the same: the server decides.
document.addEventListener('DOMContentLoaded', () => {
  const box = document.getElementById('idle')
  if (!box) return
  const form = box.querySelector('form')
  const seconds = Number(box.dataset.seconds)
  const before = Math.min(120, seconds / 2)
  let timer

  function start () {
    box.hidden = true
    clearTimeout(timer)
    timer = setTimeout(() => {
      box.hidden = false
      box.querySelector('button').focus()
    }, (seconds - before) * 1000)
  }

  form.addEventListener('submit', async event => {
    event.preventDefault()
    const answer = await fetch(form.action, { method: 'POST', body: new FormData(form) })
    // Signed out meanwhile: the page shows the way back in.
    if (answer.status === 204) start()
    else window.location.reload()
  })
  start()
})
