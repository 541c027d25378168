// Warns before a session ends. Without this file it ends all the same: the server decides.
document.addEventListener('DOMContentLoaded', () => {
  const box = document.getElementById('idle')
  if (!box) return
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

  box.addEventListener('submit', async event => {
    event.preventDefault()
    const answer = await fetch(box.action, { method: 'POST', body: new FormData(box) })
    // Signed out meanwhile: the page shows the way back in.
    if (answer.status === 204) start()
    else window.location.reload()
  })
  start()
})
