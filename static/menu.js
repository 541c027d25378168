// The signs that open and shut the menu, with a name and by keyboard: the admin's theme answers only a click on them.
document.addEventListener('DOMContentLoaded', () => {
  const words = document.getElementById('menu-words')?.dataset
  const menu = document.getElementById('nav-sidebar')
  if (!words || !menu) return
  const signs = [...document.querySelectorAll('span')]
    .filter(sign => (sign.getAttribute('x-on:click') || '').startsWith('sidebar'))
  const closing = signs.find(sign => menu.contains(sign))
  const opening = signs.filter(sign => sign !== closing)
  const seen = element => element.getClientRects().length > 0

  const tell = () => opening.forEach(sign => sign.setAttribute('aria-expanded', String(seen(closing || menu))))
  signs.forEach(sign => {
    sign.setAttribute('role', 'button')
    sign.setAttribute('aria-label', sign === closing ? words.close : words.open)
    sign.tabIndex = 0
    // The theme shows and hides it in its own turn.
    sign.addEventListener('click', () => setTimeout(() => {
      tell()
      const next = sign === closing ? opening.find(seen) : closing
      if (next && seen(next)) next.focus()
    }, 50))
    sign.addEventListener('keydown', event => {
      if (event.key !== 'Enter' && event.key !== ' ') return
      event.preventDefault()
      sign.click()
    })
  })
  menu.addEventListener('keydown', event => {
    if (event.key === 'Escape' && closing && seen(closing)) closing.click()
  })
  tell()
})
